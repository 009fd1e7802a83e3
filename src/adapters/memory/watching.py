"""Seeing what changes, in memory."""

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import attrs

from ...application.ports.watching import Missing, Seen, Sight, Topic
from ...domain.ids import JobId
from ...domain.job import Job
from ...domain.status import JobStatus
from .store import MemoryStore


@attrs.define
class MemoryJobWatch:
    """A `JobWatch` over what is committed in memory; it counts its looks."""

    _store: MemoryStore
    looks: int = 0

    async def look(self, known: Mapping[JobId, str]) -> Mapping[JobId, Seen]:
        """Return the jobs whose mark is another one than is known."""
        self.looks += 1
        seen = {job_id: self._seen(job_id) for job_id in known}
        return {job_id: now for job_id, now in seen.items() if isinstance(now, Missing) or now.mark != known[job_id]}

    def _seen(self, job_id: JobId) -> Seen:
        job = self._store.jobs.get(job_id)
        if job is None:
            return Missing()
        return Sight(
            mark=_mark(job),
            status=job.status,
            queue=job.queue,
            attempt=job.attempt,
            retry_count=job.retry_count,
            run_at=job.run_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            cancel_requested=job.cancel_requested_at is not None,
            progress=job.progress,
            server_time=self._store.clock.now(),
        )


@attrs.frozen
class MemoryTopicWatch:
    """A `TopicWatch` over what is committed in memory."""

    _store: MemoryStore

    async def marks(self) -> Mapping[Topic, str]:
        """Return a mark for each topic."""
        store = self._store
        dead = [job.id for job in store.jobs.values() if job.status is JobStatus.DEAD]
        return {
            Topic.JOBS: _digest((job.id, job.etag) for job in store.jobs.values()),
            Topic.QUEUES: _digest(store.queues.items()),
            Topic.TASKS: _digest(store.tasks.items()),
            Topic.BULK_OPERATIONS: _digest(store.operations.items()),
            Topic.DEAD_LETTERS: _digest(dead),
        }


def _mark(job: Job) -> str:
    return job.etag if job.progress is None else f"{job.etag}-{blake2b(job.progress, digest_size=8).hexdigest()}"


def _digest(values: Iterable[object]) -> str:
    return blake2b("\n".join(map(repr, values)).encode(), digest_size=8).hexdigest()
