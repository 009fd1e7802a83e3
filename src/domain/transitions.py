"""The only list of transitions in the system.

Tests, CHECKs, the statuses inside SQL statements and the documentation page are all derived from `ARCS`.
"""

from enum import StrEnum
from types import MappingProxyType

from .errors import AlreadyFinished, InvalidTransition
from .status import JobStatus


class Event(StrEnum):
    """What can happen to a job. A fact such as "the handler failed" becomes one of these by a decision."""

    ENQUEUE = "enqueue"
    CLAIM = "claim"
    CANCEL = "cancel"
    EXPIRE = "expire"
    EDIT = "edit"
    RUN_NOW = "run_now"
    HEARTBEAT = "heartbeat"
    REQUEST_CANCEL = "request_cancel"
    TAKE_OVER = "take_over"
    SUCCEED = "succeed"
    RETRY = "retry"
    EXHAUST = "exhaust"
    DISCARD = "discard"
    SNOOZE = "snooze"
    RELEASE = "release"
    ACKNOWLEDGE_CANCEL = "acknowledge_cancel"
    MANUAL_RETRY = "manual_retry"


_QUEUED, _RUNNING, _SUCCEEDED, _DEAD, _CANCELLED = JobStatus

ARCS = MappingProxyType[tuple[JobStatus | None, Event], JobStatus](
    {
        (None, Event.ENQUEUE): _QUEUED,
        (_QUEUED, Event.CLAIM): _RUNNING,
        (_QUEUED, Event.CANCEL): _CANCELLED,
        (_QUEUED, Event.EXPIRE): _CANCELLED,
        (_QUEUED, Event.EDIT): _QUEUED,
        (_QUEUED, Event.RUN_NOW): _QUEUED,
        (_RUNNING, Event.HEARTBEAT): _RUNNING,
        (_RUNNING, Event.REQUEST_CANCEL): _RUNNING,
        (_RUNNING, Event.TAKE_OVER): _RUNNING,
        (_RUNNING, Event.SUCCEED): _SUCCEEDED,
        (_RUNNING, Event.RETRY): _QUEUED,
        (_RUNNING, Event.EXHAUST): _DEAD,
        (_RUNNING, Event.DISCARD): _DEAD,
        (_RUNNING, Event.SNOOZE): _QUEUED,
        (_RUNNING, Event.RELEASE): _QUEUED,
        (_RUNNING, Event.ACKNOWLEDGE_CANCEL): _CANCELLED,
        (_DEAD, Event.MANUAL_RETRY): _QUEUED,
        (_CANCELLED, Event.MANUAL_RETRY): _QUEUED,
    }
)
"""(status, event) -> status. `None` is a job that is not there yet."""

SETTLING = frozenset(
    {
        Event.SUCCEED,
        Event.RETRY,
        Event.EXHAUST,
        Event.DISCARD,
        Event.SNOOZE,
        Event.RELEASE,
        Event.ACKNOWLEDGE_CANCEL,
    }
)
"""The events that end an attempt."""

GOING_BACK = frozenset(event for event in SETTLING if ARCS[_RUNNING, event] is _QUEUED)
"""The settling events that put a job back."""

YIELDING = GOING_BACK | {Event.EXHAUST}
"""The settling events over which a cancel request wins: going back, and dying of a failure."""


def follow(status: JobStatus | None, event: Event) -> JobStatus:
    """Return the status after `event`; raise `InvalidTransition` where the table has no such arc."""
    target = ARCS.get((status, event))
    if target is not None:
        return target
    if event is Event.CANCEL and status is not None and status.ended:
        raise AlreadyFinished(status, event)
    raise InvalidTransition(status, event)


def source(event: Event) -> JobStatus:
    """Return the one status from which `event` starts; for rendering guards into SQL."""
    (status,) = (status for status, known in ARCS if known is event and status is not None)
    return status
