"""Forgetting what has ended long ago, in memory."""

from collections.abc import Callable
from datetime import timedelta

import attrs

from ...application.ports.pruning import Keep, Pruned
from ...application.ports.reads import Position
from ...domain.bulk import OPEN
from ...domain.job import Job
from ...domain.status import JobStatus
from .store import MemoryStore, Transaction


@attrs.frozen
class MemoryPruning:
    """A `Pruning` over a store in memory."""

    _store: MemoryStore

    async def jobs(self, status: JobStatus, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Forget jobs that were kept long enough."""

        def forget(transaction: Transaction, job: Job) -> bool:
            transaction.forget([job.id])
            return True

        return self._walk(status, keep, after, limit, forget)

    async def results(self, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Forget results that were kept long enough."""

        def forget(transaction: Transaction, job: Job) -> bool:
            transaction.jobs[job.id] = attrs.evolve(job, result=None)
            return job.result is not None

        return self._walk(JobStatus.SUCCEEDED, keep, after, limit, forget)

    async def audit(self, kept: timedelta, limit: int) -> int:
        """Forget old entries of the audit log."""
        past = self._store.clock.now() - kept
        gone = sorted(entry.id for entry in self._store.audit.values() if entry.at < past)[:limit]
        for entry_id in gone:
            del self._store.audit[entry_id]
        return len(gone)

    async def bulk_operations(self, kept: timedelta, limit: int) -> int:
        """Forget bulk operations that are long over."""
        past = self._store.clock.now() - kept
        over = [each for each in self._store.operations.values() if each.operation.status not in OPEN]
        old = sorted(each.operation.id for each in over if (each.operation.finished_at or each.due_at) < past)[:limit]
        for operation_id in old:
            del self._store.operations[operation_id]
        return len(old)

    def _walk(
        self,
        status: JobStatus,
        keep: Keep,
        after: Position | None,
        limit: int,
        forget: Callable[[Transaction, Job], bool],
    ) -> Pruned:
        now, least = self._store.clock.now(), keep.least
        if least is None:
            return Pruned(0, None)
        ended = [job for job in self._store.jobs.values() if job.status is status and job.created_at < now - least]
        behind = sorted(
            (job for job in ended if after is None or (job.created_at, job.id) > (after.created_at, after.job_id)),
            key=lambda job: (job.created_at, job.id),
        )
        looked, pruned = behind[:limit], 0
        with Transaction(self._store) as transaction:
            for job in looked:
                span = keep.by_queue.get(job.queue, keep.usually)
                old = span is not None and job.finished_at is not None and job.finished_at < now - span
                if old and transaction.try_hold(job.id):
                    pruned += forget(transaction, job)
            transaction.commit()
        last = looked[-1] if len(looked) == limit else None
        return Pruned(pruned, None if last is None else Position(last.created_at, last.id))
