"""What people set for queues, in memory."""

from collections.abc import Iterable, Sequence

import attrs

from ...application.ports.queues import OWN_LOOKED_AT, StoredQueue
from ...domain.ids import UserId
from ...domain.job import Job
from ...domain.queue import Pause, QueueSettings
from ...domain.status import JobStatus
from .store import Transaction


@attrs.frozen
class MemoryQueues:
    """`Queues` on a transaction in memory."""

    _transaction: Transaction

    async def all(self) -> Sequence[StoredQueue]:
        """Return the settings of every queue that has any."""
        found = (stored for stored in self._transaction.queues.values() if stored is not None)
        return sorted(found, key=lambda stored: stored.name)

    async def find(self, name: str) -> StoredQueue | None:
        """Return the settings of one queue."""
        return self._transaction.queues.get(name)

    async def hold(self, name: str) -> StoredQueue | None:
        """Return the same, and let nobody else hold it."""
        await self._transaction.hold([("queue", name)])
        return self._transaction.queues.get(name)

    async def put(self, name: str, settings: QueueSettings, pause: Pause | None = None) -> StoredQueue:
        """Store the settings and the pause of a queue."""
        now, before = self._transaction.now, self._transaction.queues.get(name)
        created_at, revision = (now, 0) if before is None else (before.created_at, before.revision + 1)
        stored = self._transaction.queues[name] = StoredQueue(name, settings, created_at, now, revision, pause)
        return stored

    async def remove(self, name: str) -> bool:
        """Take a queue's settings away."""
        there = self._transaction.queues.get(name) is not None
        self._transaction.queues[name] = None
        return there

    async def names(self, owner: UserId | None = None) -> Sequence[str]:
        """Return the queues that anybody speaks of; with an `owner` the jobs of others name none."""
        jobs: Iterable[Job] = self._transaction.jobs.values()
        if owner is not None:
            own = (job for job in jobs if job.user_id == owner)
            jobs = sorted(own, key=lambda job: job.created_at, reverse=True)[:OWN_LOOKED_AT]
        return sorted(
            {stored.name for stored in self._transaction.queues.values() if stored is not None}
            | {task.queue for task in self._transaction.tasks.values()}
            | {job.queue for job in jobs if job.status is JobStatus.QUEUED}
        )
