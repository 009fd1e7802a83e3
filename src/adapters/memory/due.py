"""What is due, in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from ...application.ports.queues import StoredQueue
from ...domain.events import JobQueued
from ...domain.job import Job
from ...domain.status import JobStatus
from .store import MemoryStore, Transaction


@attrs.frozen
class MemoryDueJobs:
    """A `DueJobs` in memory."""

    _store: MemoryStore

    async def due(
        self, queues: Sequence[str], within: timedelta, limit: int, after: JobQueued | None = None
    ) -> Sequence[JobQueued]:
        """Return queued jobs that fall due soon, in the order of claims."""
        with Transaction(self._store) as transaction:
            soon, now = transaction.now + within, transaction.now
            found = [
                job
                for job in transaction.jobs.values()
                if job.status is JobStatus.QUEUED
                and job.queue in queues
                and job.run_at <= soon
                and (job.expires_at is None or job.expires_at > now)
                and not _steered(transaction.queues.get(job.queue), now)
            ]
        events = sorted((_queued(job) for job in found), key=lambda event: _place(event, queues))
        return [event for event in events if after is None or _place(event, queues) > _place(after, queues)][:limit]


def _steered(stored: StoredQueue | None, now: datetime) -> bool:
    if stored is None:
        return False
    return stored.settings.limits.counted or (stored.pause is not None and stored.pause.holds(now))


def _queued(job: Job) -> JobQueued:
    return JobQueued(job.id, job.queue, job.priority, job.run_at)


def _place(event: JobQueued, queues: Sequence[str]) -> tuple[Any, ...]:
    return event.priority, list(queues).index(event.queue), event.run_at, event.job_id
