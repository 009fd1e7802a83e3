"""What a handler's end means, knowing why it was stopped, if it was."""

import asyncio
from enum import StrEnum

import attrs

from ..domain.outcomes import (
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    JobError,
    Outcome,
    Released,
    Snoozed,
    TimedOut,
)
from .error_policy import ANY_ERROR, ErrorPolicy
from .failures import failure, simple
from .verdicts import Discard, Retry, Snooze

OVERTIME = "the handler ran beyond its timeout and was cancelled"


class Stop(StrEnum):
    """Why the worker stops a handler before it has ended by itself."""

    TIMEOUT = "timeout"
    CANCEL = "cancel"
    SHUTDOWN = "shutdown"
    CUT_OFF = "cut off from the database"
    LOST = "lease lost"


@attrs.frozen
class Word:
    """What an exception says by itself: an outcome, whether it is the handler's own word, or a mere cancellation."""

    outcome: Outcome
    own: bool = False
    cancelled: bool = False


class Relayed(Exception):
    """An exception that was raised in another process; only its word came across."""

    def __init__(self, word: Word) -> None:
        super().__init__(str(word.outcome))
        self.word = word


def word_of(raised: BaseException, policy: ErrorPolicy = ANY_ERROR) -> Word:
    """Return what `raised` says by itself, and by its task's policy; never raises, whatever `raised` is made of."""
    try:
        return _word_of(raised, policy)
    except BaseException:  # noqa: BLE001 - a task's own exception may break whatever looks at it
        return Word(Failed(simple("UnreadableError", "an exception was raised that breaks whatever looks at it")))


def _word_of(raised: BaseException, policy: ErrorPolicy) -> Word:
    match raised:
        case Relayed(word=word):
            return word
        case Discard():
            return Word(Discarded(failure(raised)), own=True)
        case Snooze(delay=delay):
            return Word(Snoozed(delay), own=True)
        case Retry(after=after):
            return Word(Failed(failure(raised), after), own=True)
        case asyncio.CancelledError():
            return Word(Failed(failure(raised)), cancelled=True)
    if issubclass(type(raised), policy.discard_on):
        return Word(Discarded(failure(raised)))
    return Word(Failed(failure(raised), retryable=policy.retries(type(raised))))


def judge(word: Word, stop: Stop | None) -> Outcome:
    """Return the outcome of an attempt whose handler raised.

    Past its timeout an attempt is timed out, whatever the handler says then. A handler's own word (`Discard`,
    `Snooze`, `Retry`) holds against a cancel request and a shutdown; any other exception that follows on being
    stopped counts as the stop, so that no shutdown costs a retry.
    """
    if stop is Stop.TIMEOUT:
        return _timed_out(word)
    if stop is None or word.own:
        return word.outcome
    return stopped_outcome(stop)


def stopped_outcome(stop: Stop) -> Outcome:
    """Return the outcome of an attempt that ended because it was stopped."""
    match stop:
        case Stop.TIMEOUT:
            return TimedOut(simple("TimeoutError", OVERTIME))
        case Stop.CANCEL:
            return CancelAcknowledged()
        case Stop.SHUTDOWN | Stop.CUT_OFF | Stop.LOST:
            return Released()


def _timed_out(word: Word) -> Outcome:
    match word.outcome:
        case Failed(error=error) if word.cancelled:
            return TimedOut(JobError.of("TimeoutError", OVERTIME, error.traceback, error.fingerprint))
        case Failed(error=error) | Discarded(error=error):
            return TimedOut(error)
        case Crashed():
            return TimedOut(simple("TimeoutError", "the handler ran beyond its timeout and was killed"))
        case _:
            return stopped_outcome(Stop.TIMEOUT)
