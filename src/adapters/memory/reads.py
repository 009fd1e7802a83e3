"""Looking at jobs in memory."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from ...application.ports.reads import Attempt, JobFilter, JobPage, Position
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from .store import MemoryStore


@attrs.frozen
class MemoryJobReads:
    """A `JobReads` over what is committed in memory."""

    _store: MemoryStore

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the store's time, if it is there and `owner` may see it."""
        job = self._store.jobs.get(job_id)
        if job is None or not _matches(job, JobFilter(owner=owner)):
            return None
        return job, self._store.clock.now()

    async def page(
        self, where: JobFilter, *, limit: int, after: Position | None = None, oldest_first: bool = False
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`."""
        jobs = [job for job in self._store.jobs.values() if _matches(job, where)]
        jobs.sort(key=_place, reverse=not oldest_first)
        if after is not None:
            mark = (after.created_at, after.job_id)
            jobs = [job for job in jobs if (_place(job) > mark if oldest_first else _place(job) < mark)]
        return JobPage(tuple(jobs[:limit]), len(jobs) > limit, self._store.clock.now())

    async def attempts(self, job_id: JobId) -> Sequence[Attempt]:
        """Return the ended attempts of a job, oldest first."""
        ended = (attempt for fence, attempt in self._store.attempts.items() if fence.job_id == job_id)
        return sorted(ended, key=lambda attempt: attempt.attempt)


def _place(job: Job) -> tuple[datetime, JobId]:
    return job.created_at, job.id


def _matches(job: Job, where: JobFilter) -> bool:
    return (
        (where.owner is None or job.user_id == where.owner)
        and (not where.statuses or job.status in where.statuses)
        and (not where.queues or job.queue in where.queues)
        and (not where.tasks or job.task in where.tasks)
    )
