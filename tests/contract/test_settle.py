"""How attempts end: what is written, under which fence, and what a repeated or late write is told."""

import json
from datetime import timedelta

import attrs
import pytest
from tests.builders import OOPS, OTHER_WORKER, WORKER, a_birth, minutes, seconds
from tests.contract.world import World, decided, near

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.ports.jobs import SettleAnswer, Settled
from equeue.application.ports.reads import Attempt
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.lease import Claim, Fence
from equeue.domain.outcomes import (
    AttemptOutcome,
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    JobError,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from equeue.domain.retry import Exponential
from equeue.domain.spec import Unique
from equeue.domain.status import JobStatus

ENDINGS: dict[str, tuple[Outcome, JobStatus, AttemptOutcome]] = {
    "succeeded": (Succeeded(b'{"n": 1}'), JobStatus.SUCCEEDED, AttemptOutcome.SUCCEEDED),
    "failed": (Failed(OOPS), JobStatus.QUEUED, AttemptOutcome.FAILED),
    "failed for good": (Failed(OOPS, retryable=False), JobStatus.DEAD, AttemptOutcome.FAILED),
    "timed out": (TimedOut(OOPS), JobStatus.QUEUED, AttemptOutcome.TIMED_OUT),
    "crashed": (Crashed(OOPS), JobStatus.QUEUED, AttemptOutcome.CRASHED),
    "discarded": (Discarded(OOPS), JobStatus.DEAD, AttemptOutcome.DISCARDED),
    "snoozed": (Snoozed(minutes(5)), JobStatus.QUEUED, AttemptOutcome.SNOOZED),
    "released": (Released(), JobStatus.QUEUED, AttemptOutcome.RELEASED),
    "cancelled": (CancelAcknowledged(), JobStatus.CANCELLED, AttemptOutcome.CANCELLED),
}
each_ending = pytest.mark.parametrize(("outcome", "status", "word"), ENDINGS.values(), ids=ENDINGS.keys())


@each_ending
async def test_each_ending_leaves_the_job_where_the_table_says(
    world: World, outcome: Outcome, status: JobStatus, word: AttemptOutcome
) -> None:
    """The lease is over; what ended has its time, what goes back has none; the attempt is remembered."""
    claim = await world.claimed(a_birth())
    settled = await world.settle(claim, outcome, ran=seconds(2))
    job, now = await world.job(claim.job_id), await world.now()
    assert settled == Settled(claim.fence, SettleAnswer.APPLIED, status)
    assert (job.status, job.lease_expires_at, job.lease_token, job.attempt) == (status, None, 1, 1)
    assert near(job.finished_at, now) if status.ended else job.finished_at is None
    assert near(job.started_at, now - seconds(2)) if status.ended else job.started_at is None
    (attempt,) = await world.attempts(job.id)
    assert (attempt.attempt, attempt.outcome, attempt.worker_id) == (1, word, WORKER)
    assert near(attempt.started_at, now - seconds(2))
    assert near(attempt.finished_at, now)


async def test_a_success_keeps_its_result(world: World) -> None:
    """The result is stored as it was told, and the errors of earlier attempts are no longer the job's."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Failed(OOPS, retry_after=seconds(0)))
    assert (await world.job(claim.job_id)).error == OOPS
    job = await world.ended(await world.reclaimed(claim.job_id), Succeeded(b'{"big": 12345678901234567890123}'))
    assert json.loads(job.result or b"") == {"big": 12345678901234567890123}
    assert job.error is None
    assert [attempt.error for attempt in await world.attempts(job.id)] == [OOPS, None]


async def test_a_failure_keeps_its_error_until_the_next(world: World) -> None:
    """The job shows its last error; an ending without one keeps it."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Failed(OOPS, retry_after=seconds(0)))
    job = await world.ended(await world.reclaimed(claim.job_id), Released())
    assert job.error == OOPS
    other = JobError.of("KeyError", "another")
    assert (await world.ended(await world.reclaimed(claim.job_id), Discarded(other))).error == other


async def test_text_that_no_database_holds_is_made_storable(world: World) -> None:
    """NUL and broken Unicode in an error do not make its settlement fail."""
    claim = await world.claimed(a_birth())
    error = JobError.of("Bad\x00Type", "nul \x00 surrogate \ud800", "\x00\udfff", "\x00")
    assert (await world.ended(claim, Discarded(error))).error == error


async def test_a_failure_runs_again_after_its_backoff(world: World) -> None:
    """One retry is used, and the job is due once the job's own backoff has passed, counted from the write."""
    backoff = Exponential(base=60.0, factor=10.0, cap=300.0, jitter=0.0)
    claim = await world.claimed(a_birth(backoff=backoff))
    job = await world.ended(claim, Failed(OOPS))
    assert (job.retry_count, near(job.run_at, await world.now() + minutes(1))) == (1, True)
    await world.let_pass(minutes(2))
    job = await world.ended(await world.reclaimed(job.id), Failed(OOPS))
    assert (job.retry_count, near(job.run_at, await world.now() + minutes(5))) == (2, True)


@pytest.mark.parametrize(("outcome", "wait"), [(Snoozed(minutes(5)), minutes(5)), (Released(), seconds(0))])
async def test_snooze_and_release_cost_no_retry(world: World, outcome: Outcome, wait: timedelta) -> None:
    """The job goes back, due when it was said, with its budget untouched."""
    job = await world.ended(await world.claimed(a_birth(max_retries=0)), outcome)
    assert (job.status, job.retry_count) == (JobStatus.QUEUED, 0)
    assert near(job.run_at, await world.now() + wait)


@pytest.mark.parametrize("max_retries", [0, 1, 3])
async def test_a_job_that_always_fails_runs_once_more_than_its_retries(world: World, max_retries: int) -> None:
    """Exactly `max_retries` + 1 attempts, then dead with the last error."""
    await world.enqueue(birth := a_birth(max_retries=max_retries))
    for attempt in range(max_retries + 1):
        job = await world.ended(await world.reclaimed(birth.job_id), Failed(OOPS, retry_after=seconds(0)))
        assert job.status is (JobStatus.DEAD if attempt == max_retries else JobStatus.QUEUED)
    assert (job.attempt, job.retry_count, job.error) == (max_retries + 1, max_retries, OOPS)
    assert len(await world.attempts(job.id)) == max_retries + 1


@each_ending
async def test_a_repeated_write_says_so_and_changes_nothing(
    world: World, outcome: Outcome, status: JobStatus, word: AttemptOutcome
) -> None:
    """Settling again under the same fence with the same outcome is harmless."""
    claim = await world.claimed(a_birth())
    before = await world.ended(claim, outcome)
    await world.let_pass(seconds(1))
    before = await world.job(before.id)
    assert await world.settle(claim, outcome) == Settled(claim.fence, SettleAnswer.REPEATED, status)
    assert await world.job(claim.job_id) == before
    assert [attempt.outcome for attempt in await world.attempts(claim.job_id)] == [word]


async def test_a_repeated_write_is_known_after_the_job_has_moved_on(world: World) -> None:
    """The answer to a repetition tells the job's status now, and leaves the new holder alone."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Snoozed(seconds(0)))
    again = await world.reclaimed(claim.job_id, worker=OTHER_WORKER)
    repeated = await world.settle(claim, Snoozed(seconds(0)))
    assert repeated == Settled(claim.fence, SettleAnswer.REPEATED, JobStatus.RUNNING)
    assert (await world.ended(again, Succeeded())).status is JobStatus.SUCCEEDED


@each_ending
async def test_another_outcome_under_a_settled_fence_is_lost(
    world: World, outcome: Outcome, status: JobStatus, word: AttemptOutcome
) -> None:
    """An attempt ends once: the first word stands."""
    claim = await world.claimed(a_birth())
    before = await world.ended(claim, outcome)
    other = Succeeded() if word is not AttemptOutcome.SUCCEEDED else Failed(OOPS)
    assert await world.settle(claim, other) == Settled(claim.fence, SettleAnswer.LEASE_LOST, status)
    assert await world.job(claim.job_id) == before
    assert [attempt.outcome for attempt in await world.attempts(claim.job_id)] == [word]


@pytest.mark.parametrize("outcome", [outcome for outcome, _, _ in ENDINGS.values()], ids=ENDINGS.keys())
async def test_a_late_write_changes_nothing(world: World, outcome: Outcome) -> None:
    """After a take-over the former holder's every word is lost, before and after the next claim and at the end."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(1))
    await world.lapse()
    await expect_lost(world, claim, outcome)
    again = await world.reclaimed(claim.job_id)
    await expect_lost(world, claim, outcome)
    await world.settle(again, Discarded(OOPS))
    await expect_lost(world, claim, outcome)
    await world.retry(claim.job_id)
    await expect_lost(world, claim, outcome)
    await world.reclaimed(claim.job_id)
    await expect_lost(world, claim, outcome)


async def expect_lost(world: World, claim: Claim, outcome: Outcome) -> None:
    """Settle under a fence that is over, and see that only the answer comes of it."""
    job, attempts = await world.job(claim.job_id), await world.attempts(claim.job_id)
    assert await world.settle(claim, outcome) == Settled(claim.fence, SettleAnswer.LEASE_LOST, job.status)
    assert await world.job(claim.job_id) == job
    assert await world.attempts(claim.job_id) == attempts


async def test_what_was_never_held_cannot_be_settled(world: World) -> None:
    """Unknown jobs, unclaimed jobs and tokens of the future are lost; an unknown job has no status."""
    claim = await world.claimed(a_birth())
    (queued,) = await world.enqueue(a_birth())
    unknown = Fence(a_birth().job_id, 1)
    fences = {unknown: None, queued.fence: JobStatus.QUEUED, Fence(claim.job_id, 2): JobStatus.RUNNING}
    forged = [decided(attrs.evolve(claim, fence=fence), Succeeded()) for fence in fences]
    assert await world.leases.settle(forged) == [
        Settled(fence, SettleAnswer.LEASE_LOST, status) for fence, status in fences.items()
    ]
    assert (await world.job(queued.id)).status is JobStatus.QUEUED


@pytest.mark.parametrize("outcome", [Failed(OOPS), TimedOut(OOPS), Crashed(OOPS), Snoozed(minutes(1)), Released()])
async def test_cancel_wins_over_going_back(world: World, outcome: Outcome) -> None:
    """A decision that nobody wants to cancel is refused once somebody does; decided again, it ends cancelled."""
    claim = await world.claimed(a_birth())
    await world.cancel(claim.job_id)
    refused = await world.settle(claim, outcome)
    assert refused == Settled(claim.fence, SettleAnswer.CANCEL_REQUESTED, JobStatus.RUNNING)
    assert not await world.attempts(claim.job_id)
    job = await world.ended(claim.with_cancel_requested(), outcome)
    assert (job.status, job.retry_count) == (JobStatus.CANCELLED, 0)
    repeated = await world.settle(claim, outcome)
    assert repeated == Settled(claim.fence, SettleAnswer.REPEATED, JobStatus.CANCELLED)


@pytest.mark.parametrize(("outcome", "status"), [(Succeeded(), JobStatus.SUCCEEDED), (Discarded(OOPS), JobStatus.DEAD)])
async def test_an_end_wins_over_cancel(world: World, outcome: Outcome, status: JobStatus) -> None:
    """What succeeded in spite of a cancel request has succeeded; what is hopeless is dead."""
    claim = await world.claimed(a_birth())
    await world.cancel(claim.job_id)
    assert (await world.ended(claim, outcome)).status is status


async def test_settling_is_decided_again_where_a_cancel_came_in_between(world: World) -> None:
    """The use case answers for each ending in order, the overruled one with what it became."""
    plain, cancelled = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.cancel(cancelled.job_id)
    settle = SettleAttempts(world.leases, FixedJitter())
    answers = await settle([Ending(cancelled, Failed(OOPS)), Ending(plain, Failed(OOPS))])
    assert answers == [
        Settled(cancelled.fence, SettleAnswer.APPLIED, JobStatus.CANCELLED),
        Settled(plain.fence, SettleAnswer.APPLIED, JobStatus.QUEUED),
    ]


async def test_a_mixed_set_is_answered_in_order(world: World) -> None:
    """Each settlement of a set is judged by itself, and the answers stand where the questions stood."""
    held = {name: await world.claimed(a_birth()) for name in ENDINGS}
    late = await world.claimed(a_birth())
    await world.settle(late, Released())
    unwanted = await world.claimed(a_birth())
    await world.cancel(unwanted.job_id)
    questions = [decided(claim, ENDINGS[name][0]) for name, claim in reversed(held.items())]
    questions[4:4] = [decided(late, Succeeded()), decided(unwanted, Released()), decided(late, Released())]
    answers = list(await world.leases.settle(questions))
    assert answers[4:7] == [
        Settled(late.fence, SettleAnswer.LEASE_LOST, JobStatus.QUEUED),
        Settled(unwanted.fence, SettleAnswer.CANCEL_REQUESTED, JobStatus.RUNNING),
        Settled(late.fence, SettleAnswer.REPEATED, JobStatus.QUEUED),
    ]
    del answers[4:7]
    assert answers == [
        Settled(claim.fence, SettleAnswer.APPLIED, ENDINGS[name][1]) for name, claim in reversed(held.items())
    ]


async def test_one_fence_twice_in_a_set_is_settled_once(world: World) -> None:
    """The first word stands, the same word again is a repetition, another word is lost: as one by one."""
    claim, other = await world.claimed(a_birth()), await world.claimed(a_birth())
    endings = [decided(claim, Succeeded()), decided(claim, Succeeded()), decided(claim, Failed(OOPS))]
    others = [decided(other, Failed(OOPS)), decided(other, Failed(OOPS)), decided(other, Succeeded())]
    answers = await world.leases.settle([*endings, *others])
    assert [settled.answer for settled in answers] == [
        SettleAnswer.APPLIED,
        SettleAnswer.REPEATED,
        SettleAnswer.LEASE_LOST,
    ] * 2
    assert [len(await world.attempts(held.job_id)) for held in (claim, other)] == [1, 1]


async def test_settling_nothing_is_nothing(world: World) -> None:
    """An empty set has an empty answer."""
    assert not await world.leases.settle([])


async def test_an_end_frees_the_unique_key_for_ever(world: World) -> None:
    """The key is held through retries, free from the end on, and no manual retry takes it back."""
    unique = Unique("k")
    claim = await world.claimed(a_birth(unique=unique))
    await world.settle(claim, Failed(OOPS, retry_after=seconds(0)))
    assert (await world.job(claim.job_id)).unique_slot is not None
    await world.settle(await world.reclaimed(claim.job_id), Discarded(OOPS))
    (newer,) = await world.enqueue(a_birth(unique=unique))
    assert (await world.retry(claim.job_id)).unique_slot is None
    assert (await world.job(newer.id)).unique_slot is not None


async def test_attempts_are_told_oldest_first(world: World) -> None:
    """Each ended attempt once, with its worker, its word and its error."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Failed(OOPS, retry_after=seconds(0)), ran=seconds(1))
    again = await world.reclaimed(claim.job_id, worker=OTHER_WORKER)
    await world.settle(again, Succeeded(), ran=seconds(1))
    first, second = await world.attempts(claim.job_id)
    assert (first.attempt, first.outcome, first.worker_id, first.error) == (1, AttemptOutcome.FAILED, WORKER, OOPS)
    assert (second.attempt, second.outcome, second.worker_id) == (2, AttemptOutcome.SUCCEEDED, OTHER_WORKER)
    assert second.error is None
    assert isinstance(first, Attempt)
    assert not await world.attempts(a_birth().job_id)


async def test_an_attempt_that_never_began_has_no_start(world: World) -> None:
    """A prefetched job that is given back was never started."""
    claim = await world.claimed(a_birth(), begun=False)
    await world.settle(claim, Released())
    (attempt,) = await world.attempts(claim.job_id)
    assert (attempt.started_at, attempt.outcome) == (None, AttemptOutcome.RELEASED)
