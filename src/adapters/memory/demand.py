"""What queues ask for, in memory."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import attrs

from ...application.ports.demand import LATELY, MOST, SAMPLE
from ...domain.job import Job
from ...domain.scaling import Demand
from ...domain.status import JobStatus
from .store import MemoryStore, Transaction


@attrs.frozen
class MemoryDemands:
    """`Demands` in memory."""

    _store: MemoryStore

    async def read(self, queues: Collection[str] = ()) -> Sequence[Demand]:
        """Return the demand of each queue."""
        with Transaction(self._store) as transaction:
            now, jobs = transaction.now, list(transaction.jobs.values())
        youngest = sorted(jobs, key=lambda job: (job.created_at, job.id), reverse=True)[:SAMPLE]
        came = [job for job in youngest if job.created_at > now - LATELY]
        span = _span([job.created_at for job in came], now)
        alive = [job for job in jobs if _due(job, now) or job.status is JobStatus.RUNNING]
        names = sorted(queues) if queues else sorted({job.queue for job in (*alive, *came)})
        return [_demand(name, [job for job in jobs if job.queue == name], came, span, now) for name in names]

    async def startable(self, queue: str, per_key: int) -> int:
        """Return how many waiting jobs could start."""
        with Transaction(self._store) as transaction:
            now, jobs = transaction.now, [job for job in transaction.jobs.values() if job.queue == queue]
        due = Counter(job.concurrency_key for job in jobs if _due(job, now))
        held = Counter(job.concurrency_key for job in jobs if job.status is JobStatus.RUNNING)
        keyed = {key: min(count, max(per_key - held[key], 0)) for key, count in due.items() if key is not None}
        return min(due[None], MOST) + sum(keyed.values())

    async def dead(self) -> Sequence[tuple[str, int]]:
        """Return how many jobs lie dead in each queue."""
        with Transaction(self._store) as transaction:
            dead = Counter(job.queue for job in transaction.jobs.values() if job.status is JobStatus.DEAD)
        return sorted(dead.items())

    async def oldest_snapshot(self) -> timedelta | None:
        """Nothing is kept back here."""
        return None


def _demand(name: str, jobs: Sequence[Job], came: Sequence[Job], span: timedelta, now: datetime) -> Demand:
    due = [job for job in jobs if _due(job, now)]
    ran = sorted((job for job in jobs if job.status is JobStatus.SUCCEEDED), key=lambda job: job.created_at)[-SAMPLE:]
    times = [job.finished_at - job.started_at for job in ran if job.finished_at and job.started_at]
    return Demand(
        name,
        min(len(due), MOST),
        min(sum(job.status is JobStatus.RUNNING for job in jobs), MOST),
        now - min(job.run_at for job in due) if due else None,
        sum(job.queue == name for job in came) / span.total_seconds(),
        sum(times, timedelta(0)) / len(times) if times else None,
    )


def _due(job: Job, now: datetime) -> bool:
    return job.status is JobStatus.QUEUED and job.run_at <= now


def _span(instants: Sequence[datetime], now: datetime) -> timedelta:
    """Return the time that a sample stands for: less than all of lately where it was cut off."""
    if len(instants) < SAMPLE:
        return LATELY
    return max(now - min(instants), timedelta(milliseconds=1))
