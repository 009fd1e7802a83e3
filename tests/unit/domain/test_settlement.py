"""Direct laws of the one decision about a running job's fate; machines find protocol errors, these find arithmetic."""

from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import OOPS, TASK, a_claim, minutes, seconds
from tests.strategies import any_delays, backoffs, chances, claims, outcomes

from equeue.domain.lease import Claim
from equeue.domain.outcomes import (
    AttemptOutcome,
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    Lapsed,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from equeue.domain.retry import DEFAULT_BACKOFF, LONGEST, MAX_RETRIES, Exponential, Fixed
from equeue.domain.settlement import Settlement, lapsed, settle
from equeue.domain.status import JobStatus
from equeue.domain.transitions import Event

TEN = Fixed(base=10.0)
FAILURES: list[Outcome] = [Failed(OOPS), TimedOut(OOPS), Crashed(OOPS), Lapsed()]
NO_WAIT = timedelta(0)


def decide(claim: Claim, outcome: Outcome) -> Settlement:
    """Decide with a backoff of ten seconds."""
    return settle(claim, outcome, TEN, jitter=0.0)


@pytest.mark.parametrize(
    ("outcome", "event", "word", "status"),
    [
        (Succeeded(b"1"), Event.SUCCEED, AttemptOutcome.SUCCEEDED, JobStatus.SUCCEEDED),
        (Failed(OOPS), Event.RETRY, AttemptOutcome.FAILED, JobStatus.QUEUED),
        (Failed(OOPS, retryable=False), Event.EXHAUST, AttemptOutcome.FAILED, JobStatus.DEAD),
        (TimedOut(OOPS), Event.RETRY, AttemptOutcome.TIMED_OUT, JobStatus.QUEUED),
        (Crashed(OOPS), Event.RETRY, AttemptOutcome.CRASHED, JobStatus.QUEUED),
        (Discarded(OOPS), Event.DISCARD, AttemptOutcome.DISCARDED, JobStatus.DEAD),
        (Snoozed(minutes(1)), Event.SNOOZE, AttemptOutcome.SNOOZED, JobStatus.QUEUED),
        (Released(), Event.RELEASE, AttemptOutcome.RELEASED, JobStatus.QUEUED),
        (CancelAcknowledged(), Event.ACKNOWLEDGE_CANCEL, AttemptOutcome.CANCELLED, JobStatus.CANCELLED),
        (Lapsed(), Event.RETRY, AttemptOutcome.CRASHED, JobStatus.QUEUED),
    ],
)
def test_each_outcome_takes_its_arc(outcome: Outcome, event: Event, word: AttemptOutcome, status: JobStatus) -> None:
    """With budget left and nobody wanting to cancel."""
    claim = a_claim()
    settlement = decide(claim, outcome)
    assert (settlement.event, settlement.outcome, settlement.status) == (event, word, status)
    assert settlement.fence == claim.fence


@pytest.mark.parametrize("outcome", FAILURES)
@pytest.mark.parametrize("max_retries", [0, 1, 2, 3, 10, MAX_RETRIES])
def test_the_budget_allows_exactly_its_retries(max_retries: int, outcome: Outcome) -> None:
    """A job that always fails is retried `max_retries` times, and dies of the failure after that."""
    claim = a_claim(max_retries=max_retries)
    for retry in range(max_retries):
        settlement = decide(claim, outcome)
        assert (settlement.event, settlement.retry_count) == (Event.RETRY, retry + 1)
        claim = attrs.evolve(claim, retry_count=settlement.retry_count)
    last = decide(claim, outcome)
    assert (last.event, last.status, last.retry_count) == (Event.EXHAUST, JobStatus.DEAD, max_retries)
    assert last.error is not None


@given(claims(), outcomes, backoffs, chances)
def test_the_budget_is_never_overdrawn(claim: Claim, outcome: Outcome, backoff: Fixed, jitter: float) -> None:
    """`retry_count` grows by one with a retry, else not at all, and stays within `max_retries`."""
    settlement = settle(claim, outcome, backoff, jitter=jitter)
    used = settlement.retry_count - claim.retry_count
    assert used == (1 if settlement.event is Event.RETRY else 0)
    assert settlement.retry_count <= claim.max_retries


@given(claims(), outcomes, backoffs, chances)
def test_only_what_goes_back_waits(claim: Claim, outcome: Outcome, backoff: Fixed, jitter: float) -> None:
    """A delay is within bounds, and none where the job has ended."""
    settlement = settle(claim, outcome, backoff, jitter=jitter)
    assert NO_WAIT <= settlement.delay <= LONGEST
    assert settlement.delay == NO_WAIT or settlement.status is JobStatus.QUEUED


@given(claims(), outcomes, backoffs, chances)
def test_dead_means_an_error_and_a_result_means_success(
    claim: Claim, outcome: Outcome, backoff: Fixed, jitter: float
) -> None:
    """What the tables' constraints demand holds for every decision."""
    settlement = settle(claim, outcome, backoff, jitter=jitter)
    assert settlement.error is not None or settlement.status is not JobStatus.DEAD
    assert (settlement.result is not None) == (settlement.status is JobStatus.SUCCEEDED)
    assert settlement.error is None or settlement.status is not JobStatus.SUCCEEDED


@given(claims(), outcomes, backoffs, chances)
def test_a_cancel_request_lets_nothing_back(claim: Claim, outcome: Outcome, backoff: Fixed, jitter: float) -> None:
    """Once it is known the job ends; only success and a handler's discard end it otherwise than cancelled."""
    settlement = settle(claim.with_cancel_requested(), outcome, backoff, jitter=jitter)
    own_end = isinstance(outcome, Succeeded | Discarded)
    assert (settlement.status is JobStatus.CANCELLED) == (not own_end)
    assert settlement.status.ended
    assert not settlement.unless_cancelled
    assert settlement.retry_count == claim.retry_count


@given(claims(), outcomes, backoffs, chances)
def test_a_decision_says_whether_it_stands_on_nobody_cancelling(
    claim: Claim, outcome: Outcome, backoff: Fixed, jitter: float
) -> None:
    """Exactly those are refused on a cancel request that would be decided otherwise with it."""
    claim = attrs.evolve(claim, cancel_requested=False)
    without = settle(claim, outcome, backoff, jitter=jitter)
    knowing = settle(claim.with_cancel_requested(), outcome, backoff, jitter=jitter)
    assert without.unless_cancelled == (without.event is not knowing.event)
    assert without.outcome is knowing.outcome


@given(claims(), st.sampled_from([Released(), CancelAcknowledged()]) | st.builds(Snoozed, any_delays))
def test_snooze_release_and_cancel_use_no_budget(claim: Claim, outcome: Outcome) -> None:
    """They are nobody's failure."""
    settlement = decide(claim, outcome)
    assert (settlement.retry_count, settlement.lapse_count) == (claim.retry_count, claim.lapse_count)
    assert settlement.error is None


def test_a_snooze_waits_as_long_as_it_said() -> None:
    """Within [0, a year]."""
    for wish, wait in [(minutes(5), minutes(5)), (-minutes(5), NO_WAIT), (timedelta.max, LONGEST)]:
        assert decide(a_claim(), Snoozed(wish)).delay == wait


def test_a_handlers_own_wait_beats_the_backoff() -> None:
    """`retry_after` counts, within bounds; zero is a wish too."""
    for wish, wait in [(minutes(5), minutes(5)), (NO_WAIT, NO_WAIT), (-minutes(5), NO_WAIT), (timedelta.max, LONGEST)]:
        assert decide(a_claim(), Failed(OOPS, retry_after=wish)).delay == wait


def test_a_job_s_backoff_beats_the_systems() -> None:
    """The system's is used where the job has none."""
    assert decide(a_claim(), Failed(OOPS)).delay == seconds(10)
    own = a_claim(backoff=Exponential(base=1.0, factor=3.0, cap=100.0, jitter=0.0))
    delays = [decide(attrs.evolve(own, retry_count=retry, max_retries=9), Failed(OOPS)).delay for retry in range(6)]
    assert delays == [seconds(number) for number in (1, 3, 9, 27, 81, 100)]


def test_chance_shortens_a_wait() -> None:
    """The jitter drawn by the caller is used."""
    claim = a_claim(backoff=Fixed(base=100.0, jitter=0.5))
    assert settle(claim, Failed(OOPS), TEN, jitter=0.5).delay == seconds(75)


def test_a_failure_that_may_not_be_retried_dies_with_budget_left() -> None:
    """The policy's word counts more than the budget; a wish for a time does not change it."""
    settlement = decide(a_claim(max_retries=5), Failed(OOPS, retry_after=NO_WAIT, retryable=False))
    assert (settlement.status, settlement.retry_count, settlement.error) == (JobStatus.DEAD, 0, OOPS)


def test_a_lapse_before_the_start_is_free_and_one_after_is_charged() -> None:
    """Whether the attempt had begun decides; both count as a lapse and are remembered as a crash."""
    free = decide(a_claim(begun=False, max_retries=0), Lapsed())
    assert (free.event, free.retry_count, free.lapse_count, free.delay) == (Event.RELEASE, 0, 1, NO_WAIT)
    charged = decide(a_claim(begun=True), Lapsed())
    assert (charged.event, charged.retry_count, charged.lapse_count, charged.delay) == (Event.RETRY, 1, 1, NO_WAIT)
    assert decide(a_claim(begun=True, max_retries=0), Lapsed()).event is Event.EXHAUST
    assert {free.outcome, charged.outcome} == {AttemptOutcome.CRASHED}
    assert {free.error, charged.error} == {lapsed(TASK)}


@pytest.mark.parametrize("begun", [True, False])
def test_only_the_first_lapse_runs_again_at_once(*, begun: bool) -> None:
    """Further ones back off, by the retries used so far."""
    backoff = Exponential(base=10.0, factor=2.0, jitter=0.0)
    for lapses, wait in [(0, 0), (1, 40), (2, 40)]:
        claim = a_claim(begun=begun, lapse_count=lapses, retry_count=2, backoff=backoff)
        settlement = decide(claim, Lapsed())
        assert (settlement.delay, settlement.lapse_count) == (seconds(wait), lapses + 1)


def test_a_crash_that_was_reported_backs_off_at_once() -> None:
    """A worker that lived to tell is no lapse."""
    settlement = decide(a_claim(), Crashed(OOPS))
    assert (settlement.delay, settlement.lapse_count) == (seconds(10), 0)


@given(claims(), outcomes, st.none() | st.timedeltas(NO_WAIT))
def test_the_run_time_is_told_as_it_was(claim: Claim, outcome: Outcome, ran: timedelta | None) -> None:
    """How long ago the handler began changes no decision."""
    settlement = settle(claim, outcome, DEFAULT_BACKOFF, jitter=0.0, ran=ran)
    assert settlement.ran == ran
    assert attrs.evolve(settlement, ran=None) == settle(claim, outcome, DEFAULT_BACKOFF, jitter=0.0)
