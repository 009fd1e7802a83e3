"""Looking at jobs in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

import attrs
from sqlalchemy import Row, Select, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.outline import Outline
from ...application.ports.reads import (
    ATTEMPTS,
    EVERYTHING,
    PAGE_BYTES,
    Attempt,
    AttemptPage,
    Count,
    JobFilter,
    JobPage,
    Portion,
    Position,
)
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.outcomes import AttemptOutcome
from ...domain.status import JobStatus
from .conditions import branches, rest
from .count_within import count_query, tally
from .errors import translated
from .looking import WINDOW, Found, Turn, look, merged
from .models import JobRow
from .planning import walk_along_indexes
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
    _window: int = WINDOW

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
        as_of: datetime | None = None,
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`; one more is asked for, to know whether there are more."""
        turn = Turn(limit + 1, after, oldest_first)
        with translated():
            async with self._engine.connect() as connection:
                server_time = await walk_along_indexes(connection)
                outline = Outline.of(where.at(as_of or server_time))
                found = await look(connection, outline, turn, self._window) if outline.looks else None
                asked = outline_query(outline, turn) if found is None else places_of(found, turn)
                shown = portioned(asked, portion, oldest_first=oldest_first)
                rows: Sequence[Row[Any]] = (await connection.execute(shown)).all()
        kept = list(takewhile(lambda row: row.fits, rows[:limit]))
        cut = len(rows) > len(kept)
        until = None if found is None or cut else found.end(limit, kept[-1].id if kept else None)
        more = cut or until is not None or (found is not None and len(found.places) > limit)
        return JobPage(tuple(job_of(row) for row in kept), more, server_time, left_out(kept), until)

    async def count(self, where: JobFilter, cap: int) -> Mapping[JobStatus, Count]:
        """Return how many jobs are in each status; each count ends at `cap`, so that none walks all of history."""
        with translated():
            async with self._engine.connect() as connection:
                outline = Outline.of(where.at(await walk_along_indexes(connection)))
                if not outline.statuses:
                    return {}
                return tally(outline, (await connection.execute(count_query(outline, cap))).all(), cap)

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
    """Return the query for one page of jobs, all of which an index finds."""
    return outline_query(Outline.of(where), Turn(limit, after, oldest_first))


def outline_query(outline: Outline, turn: Turn) -> Select[Any]:
    """Return the query for one page.

    An index gives the order within one status or one owner's jobs, none beyond: the statuses are merged in that order,
    no further than the page. An index on the time alone would cost each job's every move an eighth more WAL.
    """
    found = branches(outline)
    if len(found) == 1:
        return turn.of(_JOB.where(found[0], rest(outline)))
    places = merged(outline, turn)
    jobs = _JOB.select_from(places.join(JobRow.__table__, JobRow.id == places.c.id))
    return jobs.order_by(*turn.order(places.c.created_at, places.c.id)).limit(turn.limit)


def places_of(found: Found, turn: Turn) -> Select[Any]:
    """Return the query for the jobs at the places that were found, but for the one that only tells of more."""
    ids = [place.job_id for place in found.places[: turn.limit - 1]]
    asked = _JOB.where(JobRow.id == func.any(literal(ids, ARRAY(JobRow.__table__.c.id.type))))
    return asked.order_by(*turn.order(JobRow.created_at, JobRow.id))


def _success(job: Row[Any] | None, after: int) -> list[tuple[int, Attempt]]:
    if job is None or job.status is not JobStatus.SUCCEEDED or job.lease_token <= after:
        return []
    times = maybe_utc(job.started_at), utc(job.finished_at)
    return [(job.lease_token, Attempt(job.attempt, AttemptOutcome.SUCCEEDED, job.worker_id, *times))]
