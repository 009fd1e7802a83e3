"""Bulk operations: a plan on its way, with how far it has come and what came of the jobs so far."""

from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

import attrs

from .audit import SYSTEM, Actor
from .bulk_plan import BulkPlan
from .errors import BulkNotSteerable
from .ids import UUID, JobId

FAILURES = 100
"""After so many more jobs that could not be written an operation is given up: something is wrong with all of them."""


class BulkStatus(StrEnum):
    """Where an operation stands."""

    PENDING = "pending"
    RUNNING = "running"
    ABORTED = "aborted"
    FINISHED = "finished"
    FAILED = "failed"


class BulkEvent(StrEnum):
    """What can happen to an operation."""

    CREATE = "create"
    ADVANCE = "advance"
    FINISH = "finish"
    FAIL = "fail"
    ABORT = "abort"
    RESUME = "resume"


_PENDING, _RUNNING, _ABORTED, _FINISHED, _FAILED = BulkStatus

BULK_ARCS = MappingProxyType[tuple[BulkStatus | None, BulkEvent], BulkStatus](
    {
        (None, BulkEvent.CREATE): _PENDING,
        (_PENDING, BulkEvent.ADVANCE): _RUNNING,
        (_RUNNING, BulkEvent.ADVANCE): _RUNNING,
        (_PENDING, BulkEvent.FINISH): _FINISHED,
        (_RUNNING, BulkEvent.FINISH): _FINISHED,
        (_PENDING, BulkEvent.FAIL): _FAILED,
        (_RUNNING, BulkEvent.FAIL): _FAILED,
        (_PENDING, BulkEvent.ABORT): _ABORTED,
        (_RUNNING, BulkEvent.ABORT): _ABORTED,
        (_ABORTED, BulkEvent.RESUME): _RUNNING,
        (_FAILED, BulkEvent.RESUME): _RUNNING,
    }
)
"""(status, event) -> status, the only list of an operation's transitions. An operation that finished stays so."""

OPEN = frozenset(status for status, event in BULK_ARCS if event is BulkEvent.ADVANCE and status is not None)
"""The statuses in which there is work to do."""


@attrs.frozen(order=True)
class Place:
    """A place in the order in which jobs are gone through."""

    created_at: datetime
    job_id: JobId


@attrs.frozen
class Tally:
    """What came of the jobs so far: `skipped` were already so, or not in a status in which it could be done."""

    done: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def matched(self) -> int:
        """How many jobs were decided on."""
        return self.done + self.skipped + self.failed

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum."""
        return Tally(self.done + other.done, self.skipped + other.skipped, self.failed + other.failed)


@attrs.frozen(kw_only=True)
class BulkOperation:
    """A plan on its way: every move returns a new operation. `expected` is how many jobs were counted, capped."""

    id: UUID
    plan: BulkPlan
    actor: Actor = SYSTEM
    status: BulkStatus
    expected: int = 0
    tally: Tally = Tally()
    cursor: Place | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    revision: int = 0

    @classmethod
    def created(cls, id: UUID, plan: BulkPlan, actor: Actor, expected: int, now: datetime) -> Self:
        """Return a new operation."""
        status = follow(None, BulkEvent.CREATE)
        return cls(id=id, plan=plan, actor=actor, status=status, expected=expected, created_at=now)

    def advance(self, came: Tally, cursor: Place | None, now: datetime, *, last: bool) -> Self:
        """Return it with a batch behind it; `cursor` is the last place looked at, `last` says that none follow."""
        tally = self.tally.plus(came)
        broken = tally.failed // FAILURES > self.tally.failed // FAILURES
        event = BulkEvent.FAIL if broken else BulkEvent.FINISH if last else BulkEvent.ADVANCE
        return self._moved(
            event,
            tally=tally,
            cursor=cursor or self.cursor,
            started_at=self.started_at or now,
            finished_at=now if broken or last else None,
            failure=f"{tally.failed} jobs could not be written" if broken else None,
        )

    def abort(self) -> Self:
        """Stop it where it is; an operation that is aborted stays as it is."""
        return self if self.status is BulkStatus.ABORTED else self._moved(BulkEvent.ABORT)

    def resume(self) -> Self:
        """Go on where it stopped; one that is under way stays as it is. The jobs behind it stay behind."""
        if self.status in OPEN:
            return self
        return self._moved(BulkEvent.RESUME, finished_at=None, failure=None)

    def _moved(self, event: BulkEvent, **changes: Any) -> Self:
        return attrs.evolve(self, status=follow(self.status, event), revision=self.revision + 1, **changes)


def follow(status: BulkStatus | None, event: BulkEvent) -> BulkStatus:
    """Return the status after `event`; raise `BulkNotSteerable` where the table has no such arc."""
    target = BULK_ARCS.get((status, event))
    if target is None:
        raise BulkNotSteerable(status, event)
    return target
