"""How it stands with a job or a queue, in memory."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import attrs

from ...application.ports.queues import OWN_LOOKED_AT, StoredQueue
from ...domain.explanation import (
    MOST_AHEAD,
    MOST_COUNTED,
    MOST_HOLDERS,
    WHY_CHARS,
    WINDOW,
    Head,
    JobFacts,
    JobSituation,
    QueueFacts,
    QueueSituation,
)
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.limits import UNLIMITED
from ...domain.reasons import Holder
from ...domain.spec import LOWEST_PRIORITY
from ...domain.status import ACTIVE, JobStatus
from .store import MemoryStore


@attrs.frozen
class MemorySituations:
    """A `Situations` in memory."""

    _store: MemoryStore

    async def of_job(self, job_id: JobId, owner: UserId | None = None) -> JobSituation | None:
        """Return how it stands with a job."""
        job, now = self._store.jobs.get(job_id), self._store.clock.now()
        if job is None or owner not in (None, job.user_id):
            return None
        queue, waits = self._queue(job.queue, owner), job.status is JobStatus.QUEUED
        counted = waits and queue.limits.max_running is not None
        most = (queue.limits.max_running_per_key or 0) if waits and job.concurrency_key is not None else 0
        of_key = [one for one in self._running(job.queue) if most and one.concurrency_key == job.concurrency_key]
        return JobSituation(
            now=now,
            job=_facts(job),
            queue=queue if counted else attrs.evolve(queue, running=0, holders=()),
            running_of_key=min(len(of_key), most),
            key_holders=_holders(of_key, owner),
            ahead=min(self._ahead(job, now), MOST_AHEAD),
            task_seen_at=self._store.seen.get(job.task),
        )

    async def of_queue(self, name: str, owner: UserId | None = None) -> QueueSituation | None:
        """Return how it stands with a queue."""
        store, now = self._store, self._store.clock.now()
        queue, waiting = self._queue(name, owner), [job for job in self._waiting() if job.queue == name]
        named = store.queues.get(name) is not None or any(task.queue == name for task in store.tasks.values())
        if not (named or ((waiting or self._running(name)) and self._speaks(name, owner))):
            return None
        due = sorted((job for job in waiting if _due(job, now)), key=lambda job: (job.priority, job.run_at, job.id))
        seen = [
            job
            for priority in range(LOWEST_PRIORITY + 1)
            for job in [job for job in due if job.priority == priority][:WINDOW]
        ]
        runs = Counter(job.concurrency_key for job in self._running(name))
        most = queue.limits.max_running_per_key
        counts = Counter(job.concurrency_key for job in seen)
        heads = (Head(key, jobs, min(runs[key], most) if key and most else 0) for key, jobs in counts.items())
        return QueueSituation(
            now=now,
            queue=queue,
            waiting=min(len(waiting), MOST_COUNTED),
            due=min(sum(job.run_at <= now for job in waiting), MOST_COUNTED),
            next_run_at=min((job.run_at for job in waiting if job.run_at > now), default=None),
            heads=tuple(sorted(heads, key=lambda head: (-head.jobs, head.key or ""))),
            deep=len(seen) < len(due),
            tells_keys=owner is None,
        )

    def _speaks(self, name: str, owner: UserId | None) -> bool:
        """Tell whether an owner's own unfinished jobs name a queue; who may see all needs none."""
        own = sorted((job for job in self._store.jobs.values() if job.user_id == owner), key=lambda job: job.created_at)
        return owner is None or any(job.queue == name and job.status in ACTIVE for job in own[-OWN_LOOKED_AT:])

    def _queue(self, name: str, owner: UserId | None) -> QueueFacts:
        stored: StoredQueue | None = self._store.queues.get(name)
        limits = UNLIMITED if stored is None else stored.settings.limits
        running, now = self._running(name), self._store.clock.now()
        mine = [task.id for task in self._store.tasks.values() if task.queue == name]
        seen = [self._store.seen[task] for task in mine if task in self._store.seen]
        live = any(job.lease_expires_at is not None and job.lease_expires_at > now for job in running)
        return QueueFacts(
            name=name,
            limits=limits,
            pause=None if stored is None else stored.pause,
            bucket=self._store.buckets.get(name),
            running=min(len(running), limits.max_running or MOST_COUNTED),
            holders=_holders(running, owner),
            seen_at=max([*seen, now] if live else seen, default=None),
        )

    def _running(self, queue: str) -> list[Job]:
        jobs = self._store.jobs.values()
        return [job for job in jobs if job.queue == queue and job.status is JobStatus.RUNNING]

    def _waiting(self) -> list[Job]:
        return [job for job in self._store.jobs.values() if job.status is JobStatus.QUEUED]

    def _ahead(self, job: Job, now: datetime) -> int:
        if job.status is not JobStatus.QUEUED or job.run_at > now:
            return 0
        others = (other for other in self._waiting() if other.queue == job.queue and other.run_at <= now)
        return sum(_turn(other) < _turn(job) for other in others)


def _turn(job: Job) -> tuple[object, ...]:
    return job.priority, job.run_at, job.id


def _due(job: Job, now: datetime) -> bool:
    return job.run_at <= now and (job.expires_at is None or job.expires_at > now)


def _holders(running: Iterable[Job], owner: UserId | None) -> tuple[Holder, ...]:
    seen = [job for job in running if owner in (None, job.user_id) and job.worker_id is not None]
    seen.sort(key=lambda job: (job.concurrency_key is None, job.concurrency_key, job.id))
    return tuple(Holder(job.id, job.worker_id, job.started_at) for job in seen[:MOST_HOLDERS] if job.worker_id)


def _facts(job: Job) -> JobFacts:
    return JobFacts(
        job_id=job.id,
        task=job.task,
        queue=job.queue,
        status=job.status,
        run_at=job.run_at,
        attempt=job.attempt,
        retry_count=job.retry_count,
        expires_at=job.expires_at,
        key=job.concurrency_key,
        user_id=job.user_id,
        worker_id=job.worker_id,
        started_at=job.started_at,
        lease_expires_at=job.lease_expires_at,
        cancel_requested=job.cancel_requested_at is not None,
        finished_at=job.finished_at,
        why=_why(job),
    )


def _why(job: Job) -> str | None:
    if job.status is JobStatus.DEAD and job.error is not None:
        return f"{job.error.type}: {job.error.message[:WHY_CHARS]}"
    return job.cancel_reason if job.status is JobStatus.CANCELLED else None
