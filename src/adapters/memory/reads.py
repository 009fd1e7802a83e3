"""Looking at jobs in memory."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import attrs

from ...application.ports.reads import (
    ATTEMPTS,
    DOCUMENTS,
    EVERYTHING,
    LEFT_OUT,
    PAGE_BYTES,
    Attempt,
    AttemptPage,
    Document,
    JobFilter,
    JobPage,
    Portion,
    Position,
)
from ...domain.access import admits
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.outcomes import JobError
from ...domain.status import JobStatus
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
        self,
        where: JobFilter,
        *,
        limit: int,
        after: Position | None = None,
        oldest_first: bool = False,
        portion: Portion = EVERYTHING,
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`, and of each as much as `portion` says."""
        jobs = [job for job in self._store.jobs.values() if _matches(job, where)]
        jobs.sort(key=_place, reverse=not oldest_first)
        if after is not None:
            mark = (after.created_at, after.job_id)
            jobs = [job for job in jobs if (_place(job) > mark if oldest_first else _place(job) < mark)]
        left_out = {job.id: names for job in jobs if (names := _left_out(job, portion))}
        shown = [_without(job, left_out.get(job.id, frozenset())) for job in jobs]
        items = _filling(shown[:limit], portion.page)
        of_items = {job.id: left_out[job.id] for job in items if job.id in left_out}
        return JobPage(items, len(jobs) > len(items), self._store.clock.now(), of_items)

    async def count(self, where: JobFilter, cap: int) -> Mapping[JobStatus, int]:
        """Return how many jobs are in each status, none counted beyond `cap`."""
        found = Counter(job.status for job in self._store.jobs.values() if _matches(job, where))
        return {status: min(found[status], cap) for status in where.statuses or JobStatus}

    async def attempts(
        self, job_id: JobId, *, after: int = 0, limit: int = ATTEMPTS, page: int = PAGE_BYTES
    ) -> AttemptPage:
        """Return at most `limit` ended attempts of a job behind `after`, oldest first."""
        known = self._store.attempts.items()
        ended = sorted(
            ((fence.token, attempt) for fence, attempt in known if fence.job_id == job_id), key=itemgetter(0)
        )
        behind = [(token, attempt) for token, attempt in ended if token > after]
        items: list[Attempt] = []
        for token, attempt in behind[:limit]:
            items.append(attempt)
            page -= _size(attempt.error)
            if page <= 0:
                return AttemptPage(tuple(items), token if len(items) < len(behind) else None)
        return AttemptPage(tuple(items), behind[limit - 1][0] if len(behind) > limit else None)


def _place(job: Job) -> tuple[datetime, JobId]:
    return job.created_at, job.id


def _left_out(job: Job, portion: Portion) -> frozenset[Document]:
    sizes = {name: len(getattr(job, name) or b"") for name in DOCUMENTS if name not in portion.whole}
    return frozenset(name for name, size in sizes.items() if size > portion.small)


def _without(job: Job, names: frozenset[Document]) -> Job:
    gone: dict[str, Any] = dict.fromkeys(names, LEFT_OUT)
    return attrs.evolve(job, **gone) if gone else job


def _filling(jobs: Sequence[Job], page: int) -> tuple[Job, ...]:
    """Return the jobs up to the one that fills a page of so many bytes."""
    items: list[Job] = []
    for job in jobs:
        if page <= 0:
            break
        items.append(job)
        page -= sum(len(document or b"") for document in (job.payload, job.result, job.progress)) + _size(job.error)
    return tuple(items)


def _size(error: JobError | None) -> int:
    return 0 if error is None else len(json.dumps(attrs.asdict(error), ensure_ascii=False).encode())


def _matches(job: Job, where: JobFilter) -> bool:
    return (
        (where.owner is None or job.user_id == where.owner)
        and (not where.statuses or job.status in where.statuses)
        and (not where.queues or job.queue in where.queues)
        and (not where.tasks or job.task in where.tasks)
        and admits(where.queue_globs, job.queue)
    )
