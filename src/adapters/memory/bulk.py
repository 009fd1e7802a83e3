"""Bulk operations and the jobs that they mean, in memory."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import attrs

from ...application.ports.bulk import Batch, Survey
from ...application.ports.reads import LEFT_OUT
from ...domain.bulk import OPEN, BulkOperation, Place
from ...domain.bulk_plan import BulkPlan
from ...domain.ids import UUID
from ...domain.job import Job
from .paging import behind
from .store import KeptOperation, MemoryStore, Transaction


@attrs.frozen
class MemoryJobSelection:
    """A `JobSelection` on a transaction in memory."""

    _transaction: Transaction

    async def survey(self, plan: BulkPlan, *, cap: int, sample: int) -> Survey:
        """Count the jobs meant and show the first of them."""
        meant = [_light(job) for job in self._in_order() if plan.touches(job)]
        return Survey(min(len(meant), cap), len(meant) >= cap, tuple(meant[:sample]))

    async def next(self, plan: BulkPlan, after: Place | None, *, limit: int, window: int) -> Batch:
        """Return at most `limit` of the jobs meant behind `after`."""
        behind = [job for job in self._in_order() if after is None or _place(job) > after]
        seen = behind[:window]
        meant = [job for job in seen if plan.touches(job)][:limit]
        stopped = len(meant) == limit or len(behind) > len(seen)
        end = meant if len(meant) == limit else seen
        return Batch(tuple(map(_light, meant)), _place(end[-1]) if end else None, last=not stopped)

    def _in_order(self) -> Iterable[Job]:
        return sorted(self._transaction.jobs.values(), key=_place)


@attrs.frozen
class MemoryBulkOperations:
    """A `BulkOperations` on a transaction in memory."""

    _transaction: Transaction

    async def add(self, operation: BulkOperation) -> None:
        """Store a new one."""
        self._transaction.operations[operation.id] = KeptOperation(operation, self._transaction.now)

    async def load(self, id: UUID) -> BulkOperation | None:
        """Return an operation, once nobody else holds it."""
        await self._transaction.hold([("bulk", id)])
        kept = self._transaction.operations.get(id)
        return None if kept is None else kept.operation

    async def take(self) -> BulkOperation | None:
        """Return the open operation that has rested longest, if its rest is over and nobody holds it."""
        now = self._transaction.now
        for kept in sorted(self._open(), key=lambda kept: kept.due_at):
            if kept.due_at <= now and self._transaction.try_hold(("bulk", kept.operation.id)):
                return kept.operation
        return None

    async def save(self, operation: BulkOperation, rest: timedelta = timedelta(0)) -> None:
        """Write one that is held."""
        self._transaction.operations[operation.id] = KeptOperation(operation, self._transaction.now + rest)

    async def any_open(self) -> bool:
        """Tell whether any operation has work left."""
        return any(True for _ in self._open())

    def _open(self) -> Iterable[KeptOperation]:
        return (kept for kept in self._transaction.operations.values() if kept.operation.status in OPEN)


@attrs.frozen
class MemoryBulkReads:
    """A `BulkReads` over what is committed in memory."""

    _store: MemoryStore

    async def get(self, id: UUID, globs: tuple[str, ...] = ()) -> BulkOperation | None:
        """Return an operation that is in reach."""
        kept = self._store.operations.get(id)
        return kept.operation if kept is not None and _reaches(kept.operation, globs) else None

    async def page(
        self, *, limit: int, after: UUID | None = None, oldest_first: bool = False, globs: tuple[str, ...] = ()
    ) -> Sequence[BulkOperation]:
        """Return at most `limit` operations behind the one called `after`."""
        kept = self._store.operations
        found = [kept[each].operation for each in behind(kept, after, oldest_first=oldest_first)]
        return [operation for operation in found if _reaches(operation, globs)][:limit]


def _reaches(operation: BulkOperation, globs: tuple[str, ...]) -> bool:
    return not globs or sorted(operation.plan.where.queue_globs) == sorted(globs)


def _place(job: Job) -> Place:
    return Place(job.created_at, job.id)


def _light(job: Job) -> Job:
    """Return the job without what is in it."""
    result = None if job.result is None else LEFT_OUT
    return attrs.evolve(job, payload=LEFT_OUT, result=result, progress=None if job.progress is None else LEFT_OUT)
