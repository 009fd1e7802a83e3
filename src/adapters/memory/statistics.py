"""Figures of the past and of now, in memory: what was told, and a look at each job."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from ...application.ports.dead_letters import GroupFilter
from ...application.ports.statistics import Count, Depth, Stuck
from ...domain.access import admits
from ...domain.ids import UserId
from ...domain.job import Job
from ...domain.statistics import HOUR, HOURS_KEPT, MINUTE, MINUTES_KEPT, NOTHING, Figures, Span, beginning
from ...domain.status import JobStatus
from .store import MemoryStore

PATIENCE = timedelta(seconds=10)


@attrs.frozen
class MemoryStatistics:
    """`Statistics` over a store."""

    _store: MemoryStore

    async def figures(self, where: GroupFilter, span: Span) -> Mapping[datetime, Figures]:
        """Return what happened by steps."""
        found: dict[datetime, Figures] = {}
        for place, told in self._store.figures.items():
            if span.start <= place.at < span.end and _asked_for(place.owner, place.queue, place.task, where):
                step = beginning(place.at, span.step)
                found[step] = found.get(step, NOTHING) + told
        return found

    async def fold(self, limit: int) -> int:  # noqa: ARG002 - what is told is told in its place
        """Do nothing: there is nothing to put together."""
        return 0

    async def tidy(self, limit: int) -> int:
        """Put minutes that are past their time into hours, and forget hours that are past theirs."""
        kept, now = self._store.figures, self._store.clock.now()
        old = sorted(place.at for place in kept if place.at < now - HOURS_KEPT)[:limit]
        gone = [place for place in kept if place.at in old]
        coarse = beginning(now - MINUTES_KEPT, HOUR)
        late = [place for place in kept if place.step == MINUTE and place.at < coarse and place not in gone][:limit]
        for place in gone:
            del kept[place]
        for place in late:
            told, hour = kept.pop(place), attrs.evolve(place, at=beginning(place.at, HOUR), step=HOUR)
            kept[hour] = kept.get(hour, NOTHING) + told
        return len(gone) + len(late)


@attrs.frozen
class MemoryLiveFigures:
    """`LiveFigures` over a store."""

    _store: MemoryStore

    async def depths(self, where: GroupFilter, cap: int) -> Sequence[Depth]:
        """Return what the queues hold, by name."""
        jobs = self._jobs(where)
        queues = {job.queue for job in jobs if job.status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DEAD)}
        now = self._store.clock.now()
        return [_depth(queue, [job for job in jobs if job.queue == queue], now, cap) for queue in sorted(queues)]

    async def stuck(self, where: GroupFilter, limit: int) -> Sequence[Stuck]:
        """Return at most `limit` stuck jobs, the most overdue first."""
        now = self._store.clock.now()
        found = [told for job in self._jobs(where) if (told := _stuck(job, now)) is not None]
        return sorted(found, key=lambda told: (-told.overdue, told.job_id))[:limit]

    def _jobs(self, where: GroupFilter) -> list[Job]:
        narrowed = attrs.evolve(where, tasks=())
        jobs = self._store.jobs.values()
        return [job for job in jobs if _asked_for(job.user_id, job.queue, job.task, narrowed)]


def _asked_for(owner: UserId | None, queue: str, task: str, where: GroupFilter) -> bool:
    return (
        (where.owner is None or owner == where.owner)
        and (not where.queues or queue in where.queues)
        and (not where.tasks or task in where.tasks)
        and admits(where.queue_globs, queue)
    )


def _depth(queue: str, jobs: Sequence[Job], now: datetime, cap: int) -> Depth:
    waiting = [job for job in jobs if job.status is JobStatus.QUEUED]
    ready = [job.run_at for job in waiting if job.run_at <= now]
    return Depth(
        queue,
        _count(ready, cap),
        _count((job for job in waiting if job.run_at > now), cap),
        _count((job for job in jobs if job.status is JobStatus.RUNNING), cap),
        _count((job for job in waiting if job.retry_count > 0), cap),
        sum(job.status is JobStatus.DEAD for job in jobs),
        now - min(ready) if ready else None,
    )


def _count(found: Iterable[object], cap: int) -> Count:
    number = sum(1 for _ in found)
    return Count(min(number, cap), number > cap)


def _stuck(job: Job, now: datetime) -> Stuck | None:
    if job.lease_expires_at is None or job.worker_id is None:
        return None
    late = [now - job.lease_expires_at]
    if job.started_at is not None:
        late.append(now - job.started_at - job.timeout - PATIENCE)
    overdue = max(late)
    told = Stuck(job.id, job.task, job.queue, job.worker_id, job.started_at, overdue)
    return told if overdue > timedelta(0) else None
