"""Looking at jobs in memory."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import attrs

from ...application.ports.outline import Outline
from ...application.ports.reads import (
    ATTEMPTS,
    DOCUMENTS,
    EVERYTHING,
    LEFT_OUT,
    PAGE_BYTES,
    Attempt,
    AttemptPage,
    Count,
    Document,
    JobFilter,
    JobPage,
    Portion,
    Position,
)
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.outcomes import JobError
from ...domain.status import JobStatus
from .store import MemoryStore


@attrs.frozen
class MemoryJobReads:
    """A `JobReads` over what is committed in memory."""

    _store: MemoryStore
    _window: int = 10_000

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the store's time, if it is there and `owner` may see it."""
        job = self._store.jobs.get(job_id)
        if job is None or (owner is not None and job.user_id != owner):
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
        as_of: datetime | None = None,
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`, and of each as much as `portion` says."""
        outline = Outline.of(where.at(as_of or self._store.clock.now()))
        found = [job for job in self._store.jobs.values() if outline.finds(job)]
        found.sort(key=_place, reverse=not oldest_first)
        if after is not None:
            found = [job for job in found if (_place(job) > after if oldest_first else _place(job) < after)]
        seen = found[: self._window] if outline.looks else found
        jobs = [job for job in seen if outline.means(job)]
        left_out = {job.id: names for job in jobs if (names := _left_out(job, portion))}
        shown = [_without(job, left_out.get(job.id, frozenset())) for job in jobs]
        items = _filling(shown[:limit], portion.page)
        of_items = {job.id: left_out[job.id] for job in items if job.id in left_out}
        windowed = outline.looks and len(seen) == self._window and len(jobs) == len(items)
        until = _place(seen[-1]) if windowed else None
        more = len(jobs) > len(items) or windowed
        return JobPage(items, more, self._store.clock.now(), of_items, until)

    async def count(self, where: JobFilter, cap: int) -> Mapping[JobStatus, Count]:
        """Return how many jobs are in each status, none counted beyond `cap`."""
        outline = Outline.of(where.at(self._store.clock.now()))
        jobs = self._store.jobs.values()
        found = Counter(job.status for job in jobs if outline.finds(job) and outline.means(job))
        return {status: Count(min(found[status], cap), found[status] >= cap) for status in outline.statuses}

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


def _place(job: Job) -> Position:
    return Position(job.created_at, job.id)


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
