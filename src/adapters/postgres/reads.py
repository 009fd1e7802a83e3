"""Looking at jobs in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.reads import (
    ATTEMPTS,
    EVERYTHING,
    PAGE_BYTES,
    Attempt,
    AttemptPage,
    JobFilter,
    JobPage,
    Portion,
    Position,
)
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.outcomes import AttemptOutcome
from ...domain.status import JobStatus
from .errors import translated
from .globs import in_reach
from .models import JobRow
from .portions import attempts_page, left_out, portioned
from .rows import attempt_of, job_of, maybe_utc, utc

_JOB: Select[Any] = select(*JobRow.__table__.columns)
_SUCCESS: Select[Any] = select(
    *(
        JobRow.__table__.c[name]
        for name in ("status", "lease_token", "attempt", "worker_id", "started_at", "finished_at")
    )
)


@attrs.frozen
class PostgresJobReads:
    """A `JobReads` over what is committed."""

    _engine: AsyncEngine

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the database's time, if it is there and `owner` may see it."""
        asked = _JOB.add_columns(func.now().label("server_time")).where(JobRow.id == job_id)
        if owner is not None:
            asked = asked.where(JobRow.user_id == owner)
        row: Row[Any] | None
        with translated():
            async with self._engine.connect() as connection:
                row = (await connection.execute(asked)).one_or_none()
        return None if row is None else (job_of(row), utc(row.server_time))

    async def page(
        self,
        where: JobFilter,
        *,
        limit: int,
        after: Position | None = None,
        oldest_first: bool = False,
        portion: Portion = EVERYTHING,
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`; one more is asked for, to know whether there are more."""
        found = page_query(where, limit + 1, after, oldest_first=oldest_first)
        asked = portioned(found, portion, oldest_first=oldest_first)
        rows: Sequence[Row[Any]]
        with translated():
            async with self._engine.connect() as connection:
                server_time = (await connection.execute(select(func.now()))).scalar_one()
                rows = (await connection.execute(asked)).all()
        kept = list(takewhile(lambda row: row.fits, rows[:limit]))
        return JobPage(tuple(job_of(row) for row in kept), len(rows) > len(kept), utc(server_time), left_out(kept))

    async def count(self, where: JobFilter, cap: int) -> Mapping[JobStatus, int]:
        """Return how many jobs are in each status; each count ends at `cap`, so that none walks all of history."""
        statuses = tuple(dict.fromkeys(where.statuses or JobStatus))
        with translated():
            async with self._engine.connect() as connection:
                counted = (await connection.execute(count_query(where, statuses, cap))).one()
        return dict(zip(statuses, counted, strict=True))

    async def attempts(
        self, job_id: JobId, *, after: int = 0, limit: int = ATTEMPTS, page: int = PAGE_BYTES
    ) -> AttemptPage:
        """Return at most `limit` ended attempts of a job behind `after`; the successful one is told from the job."""
        with translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(attempts_page(job_id, after, limit, page))).all()
                ended = (await connection.execute(_SUCCESS.where(JobRow.id == job_id))).one_or_none()
        known = [(row.lease_token, attempt_of(row)) for row in rows if row.fits]
        if len(known) == len(rows):
            known += _success(ended, after)
        kept = known[:limit]
        more = len(rows) > len(kept) or len(known) > len(kept)
        return AttemptPage(tuple(attempt for _, attempt in kept), kept[-1][0] if more else None)


def page_query(where: JobFilter, limit: int, after: Position | None, *, oldest_first: bool) -> Select[Any]:
    """Return the query for one page.

    An index gives the order within one status or one owner's jobs, none beyond: the statuses are asked one by one,
    each no further than the page may reach, and merged. An index on the time alone would cost each job's every move
    an eighth more WAL.
    """
    turn = _Turn(limit, after, oldest_first)
    statuses = tuple(dict.fromkeys(where.statuses or JobStatus))
    if len(statuses) == 1 or where.owner is not None:
        return turn.of(_JOB.where(*_conditions(where)))
    places: Select[Any] = select(*(JobRow.__table__.c[name] for name in ("id", "created_at")))
    each = [
        turn.of(places.where(*_conditions(attrs.evolve(where, statuses=(status,))))).subquery() for status in statuses
    ]
    found = union_all(*(select(part.c.id) for part in each)).subquery()
    return turn.of(_JOB.where(JobRow.id.in_(select(found.c.id))))


def count_query(where: JobFilter, statuses: Sequence[JobStatus], cap: int) -> Select[Any]:
    """Return the query for one row of counts, one for each status, each made by itself and no further than `cap`."""
    each = [
        select(literal(1)).select_from(JobRow).where(*_conditions(attrs.evolve(where, statuses=(status,)))).limit(cap)
        for status in statuses
    ]
    return select(*(select(func.count()).select_from(one.subquery()).scalar_subquery() for one in each))


@attrs.frozen
class _Turn:
    """Where a page begins, in which direction it runs and how far."""

    limit: int
    after: Position | None
    oldest_first: bool

    def of(self, asked: Select[Any]) -> Select[Any]:
        """Return the query for that part of what is asked."""
        created_at, job_id = JobRow.created_at, JobRow.id
        if self.after is not None:
            place, mark = tuple_(created_at, job_id), tuple_(self.after.created_at, self.after.job_id)
            asked = asked.where(place > mark if self.oldest_first else place < mark)
        order = (created_at, job_id) if self.oldest_first else (created_at.desc(), job_id.desc())
        return asked.order_by(*order).limit(self.limit)


def _conditions(where: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.owner is not None:
        conditions.append(JobRow.user_id == where.owner)
    for column, words in ((JobRow.status, where.statuses), (JobRow.queue, where.queues), (JobRow.task, where.tasks)):
        if words:
            conditions.append(column == words[0] if len(words) == 1 else column.in_(words))
    if where.queue_globs:
        conditions.append(in_reach(where.queue_globs))
    return conditions


def _success(job: Row[Any] | None, after: int) -> list[tuple[int, Attempt]]:
    if job is None or job.status is not JobStatus.SUCCEEDED or job.lease_token <= after:
        return []
    times = maybe_utc(job.started_at), utc(job.finished_at)
    return [(job.lease_token, Attempt(job.attempt, AttemptOutcome.SUCCEEDED, job.worker_id, *times))]
