"""Looking at jobs in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

import attrs
from sqlalchemy import Row, Select, and_, func, literal, or_, select, union_all
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
from .errors import translated
from .looking import WINDOW, Found, Turn, look
from .models import JobRow
from .portions import attempts_page, left_out, portioned
from .rows import attempt_of, job_of, maybe_utc, utc

COUNT_WINDOW = 50_000
DEEP_COUNT = 2_000
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
                server_time = utc((await connection.execute(select(func.now()))).scalar_one())
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
                outline = Outline.of(where.at(utc((await connection.execute(select(func.now()))).scalar_one())))
                if not outline.statuses:
                    return {}
                counted = (await connection.execute(count_query(outline, cap))).one()
        meant, looked = counted[::2], counted[1::2]
        told = zip(outline.statuses, meant, looked, strict=True)
        return {
            status: Count(min(number, cap), number >= cap or far >= count_window(outline))
            for status, number, far in told
        }

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

    An index gives the order within one status or one owner's jobs, none beyond: the statuses are asked one by one,
    each no further than the page may reach, and merged. An index on the time alone would cost each job's every move
    an eighth more WAL.
    """
    found = branches(outline)
    if len(found) == 1:
        return turn.of(_JOB.where(found[0], rest(outline)))
    places: Select[Any] = select(*(JobRow.__table__.c[name] for name in ("id", "created_at")))
    each = [turn.of(places.where(branch)).subquery() for branch in found]
    merged = union_all(*(select(part.c.id) for part in each)).subquery()
    return turn.of(_JOB.where(JobRow.id.in_(select(merged.c.id))))


def places_of(found: Found, turn: Turn) -> Select[Any]:
    """Return the query for the jobs at the places that were found, but for the one that only tells of more."""
    ids = [place.job_id for place in found.places[: turn.limit - 1]]
    asked = _JOB.where(JobRow.id == func.any(literal(ids, ARRAY(JobRow.__table__.c.id.type))))
    return asked.order_by(*turn.order(JobRow.created_at, JobRow.id))


def count_query(outline: Outline, cap: int) -> Select[Any]:
    """Return the query for one row: for each status how many there are, and how many were looked at.

    Each is counted by itself; where an index finds them all no further than `cap`, else no further than a window.
    """
    numbers: list[Any] = []
    for status in outline.statuses:
        found = or_(*branches(attrs.evolve(outline, statuses=(status,))))
        meant = rest(outline) if outline.by_status else and_(JobRow.status == status, rest(outline))
        if outline.looks:
            looked = select(meant.label("meant")).where(found).order_by(JobRow.created_at.desc())
            seen = looked.limit(count_window(outline)).subquery()
            told = select(func.count().filter(seen.c.meant), func.count()).select_from(seen).cte(f"of_{status}")
            numbers += [select(column).scalar_subquery() for column in told.c]
        else:
            one = select(literal(1)).select_from(JobRow).where(found, meant).limit(cap).subquery()
            numbers += [select(func.count()).select_from(one).scalar_subquery(), literal(0)]
    return select(*numbers)


def count_window(outline: Outline) -> int:
    """Return how many jobs of each status are looked at to count those meant."""
    return max(1, DEEP_COUNT // outline.depth) if outline.depth else COUNT_WINDOW


def _success(job: Row[Any] | None, after: int) -> list[tuple[int, Attempt]]:
    if job is None or job.status is not JobStatus.SUCCEEDED or job.lease_token <= after:
        return []
    times = maybe_utc(job.started_at), utc(job.finished_at)
    return [(job.lease_token, Attempt(job.attempt, AttemptOutcome.SUCCEEDED, job.worker_id, *times))]
