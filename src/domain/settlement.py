"""The one decision about a running job's fate."""

from datetime import timedelta
from typing import assert_never

import attrs

from .ids import Json
from .lease import Claim, Fence
from .outcomes import (
    LEASE_EXPIRED,
    AttemptOutcome,
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    JobError,
    Lapsed,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from .retry import Backoff, bounded, delay_before
from .spec import Birth
from .status import JobStatus
from .transitions import YIELDING, Event, follow

NOW = timedelta(0)
GONE = "the worker stopped renewing its lease: it died, hung or was cut off"


def lapsed(task: str) -> JobError:
    """Return the error of an attempt whose lease ran out; those of one task have one cause as far as anybody knows."""
    return JobError(LEASE_EXPIRED, GONE, fingerprint=f"lapse:{task}")


@attrs.frozen
class Settlement:
    """What is to be written about an ended attempt, and the facts on which that decision stands.

    `fence` must still hold. `event` is the arc taken, `outcome` the word the attempt is remembered by. `delay`
    counts from the database's clock at the write. `retry_count` and `lapse_count` are the new values. `ran` is how
    long ago the handler began, `None` if it never did. A settlement that puts the job back, or lets it die of a
    failure, relied on nobody having asked to cancel it (`unless_cancelled`): if that changed, it is refused and must
    be decided again. `children` are stored with it: the jobs that the handler asked for, or the one that tells of a
    death.
    """

    fence: Fence
    event: Event
    outcome: AttemptOutcome
    retry_count: int
    lapse_count: int
    delay: timedelta = NOW
    result: Json | None = None
    error: JobError | None = None
    ran: timedelta | None = None
    children: tuple[Birth, ...] = ()

    @property
    def unless_cancelled(self) -> bool:
        """Tell whether a cancel request overrules this settlement."""
        return self.event in YIELDING

    @property
    def status(self) -> JobStatus:
        """The job's status once this is written."""
        return follow(JobStatus.RUNNING, self.event)


def settle(
    claim: Claim,
    outcome: Outcome,
    backoff: Backoff,
    *,
    jitter: float,
    ran: timedelta | None = None,
    children: tuple[Birth, ...] = (),
) -> Settlement:
    """Decide what becomes of `claim` now that its attempt ended with `outcome`.

    `backoff` is used where the job carries none of its own; `jitter` is a chance in [0, 1) drawn by the caller.
    Success wins over a cancel request; a cancel request wins over going back and over dying of an exhausted
    budget; a handler's discard stays a discard. `children`, the jobs that the handler asked for, are born of its
    success alone.
    """
    if isinstance(outcome, Succeeded):
        return _succeed(claim, outcome.result, ran, children)
    decision = _Decision(claim, backoff, jitter, ran)
    match outcome:
        case Failed(error, retry_after, retryable):
            return decision.fail(AttemptOutcome.FAILED, error, retry_after, retryable=retryable)
        case TimedOut(error, retryable):
            return decision.fail(AttemptOutcome.TIMED_OUT, error, retryable=retryable)
        case Crashed(error):
            return decision.fail(AttemptOutcome.CRASHED, error)
        case Discarded(error):
            return decision.end(Event.DISCARD, AttemptOutcome.DISCARDED, error=error)
        case Snoozed(delay):
            return decision.back(Event.SNOOZE, AttemptOutcome.SNOOZED, bounded(delay))
        case Released():
            return decision.back(Event.RELEASE, AttemptOutcome.RELEASED, NOW)
        case CancelAcknowledged():
            return decision.end(Event.ACKNOWLEDGE_CANCEL, AttemptOutcome.CANCELLED)
        case Lapsed():
            return decision.lapse()
        case _:
            assert_never(outcome)


def _succeed(claim: Claim, result: Json, ran: timedelta | None, children: tuple[Birth, ...]) -> Settlement:
    return Settlement(
        claim.fence,
        Event.SUCCEED,
        AttemptOutcome.SUCCEEDED,
        claim.retry_count,
        claim.lapse_count,
        result=result,
        ran=ran,
        children=children,
    )


@attrs.frozen
class _Decision:
    """The claim and the chances with which one outcome is judged."""

    claim: Claim
    backoff: Backoff
    jitter: float
    ran: timedelta | None = None

    def end(self, event: Event, outcome: AttemptOutcome, *, error: JobError | None = None) -> Settlement:
        claim = self.claim
        return Settlement(claim.fence, event, outcome, claim.retry_count, claim.lapse_count, error=error, ran=self.ran)

    def back(
        self, event: Event, outcome: AttemptOutcome, delay: timedelta, error: JobError | None = None
    ) -> Settlement:
        if self.claim.cancel_requested:
            return self.end(Event.ACKNOWLEDGE_CANCEL, outcome, error=error)
        return attrs.evolve(self.end(event, outcome, error=error), delay=delay)

    def fail(
        self,
        outcome: AttemptOutcome,
        error: JobError,
        retry_after: timedelta | None = None,
        *,
        retryable: bool = True,
    ) -> Settlement:
        claim = self.claim
        if claim.cancel_requested:
            return self.end(Event.ACKNOWLEDGE_CANCEL, outcome, error=error)
        if not retryable or claim.retry_count >= claim.max_retries:
            return self.end(Event.EXHAUST, outcome, error=error)
        wait = self._wait() if retry_after is None else bounded(retry_after)
        return attrs.evolve(self.back(Event.RETRY, outcome, wait, error), retry_count=claim.retry_count + 1)

    def lapse(self) -> Settlement:
        """A crash: charged if the attempt had begun; the first runs again at once, further ones back off."""
        claim = attrs.evolve(self.claim, lapse_count=self.claim.lapse_count + 1)
        judged = attrs.evolve(self, claim=claim)
        wait = NOW if self.claim.lapse_count == 0 else self._wait()
        if not claim.begun:
            return judged.back(Event.RELEASE, AttemptOutcome.CRASHED, wait, lapsed(claim.task))
        return judged.fail(AttemptOutcome.CRASHED, lapsed(claim.task), wait)

    def _wait(self) -> timedelta:
        return delay_before(self.claim.backoff or self.backoff, self.claim.retry_count, jitter=self.jitter)
