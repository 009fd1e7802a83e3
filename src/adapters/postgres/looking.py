"""Finding jobs by what no index knows of them: in the order of the list, and no further than a window reaches."""

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import (
    CTE,
    BigInteger,
    Row,
    Select,
    case,
    func,
    literal,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ...application.ports.outline import Outline
from ...application.ports.reads import Position
from ...domain.ids import JobId
from .conditions import branches, rest
from .models import JobRow
from .rows import utc

WINDOW = 10_000
"""So many jobs are looked at for one page, about 30 ms."""
FIRST = 500
"""So many of them at first: mostly they hold a page."""
DEEP = 5
"""Jobs whose payload or error is looked into are so many times fewer."""
LOOKED_INTO = 16 * 1024 * 1024
"""So many bytes of documents, as they are stored, are looked into at once, and twice for a page."""
COMPRESSED = 8
"""What is stored compressed counts so many times."""


@attrs.frozen
class Turn:
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
        return asked.order_by(*self.order(created_at, job_id)).limit(self.limit)

    def order(self, created_at: Any, job_id: Any) -> tuple[Any, Any]:
        """Return by what rows are ordered."""
        return (created_at, job_id) if self.oldest_first else (created_at.desc(), job_id.desc())


@attrs.frozen
class Found:
    """The places of jobs that are meant; where looking ended, if jobs may lie behind that."""

    places: tuple[Position, ...]
    scanned_until: Position | None

    def end(self, limit: int, last: JobId | None) -> Position | None:
        """Return from where to read on after a page of `limit` jobs, unless that is its `last` job.

        A job may be deleted after it was found; those behind it are not lost by that.
        """
        if len(self.places) <= limit:
            return self.scanned_until
        place = self.places[limit - 1]
        return None if place.job_id == last else place


async def look(connection: AsyncConnection, outline: Outline, turn: Turn, window: int) -> Found:
    """Return up to `turn.limit` places of jobs that are meant, having looked at no more than `window` jobs."""
    places: list[Position] = []
    window = max(1, window // (DEEP * outline.depth)) if outline.depth else window
    for size in (min(FIRST, window), max(0, window - FIRST)):
        rows = (await connection.execute(places_query(outline, turn, size))).all()
        places += sorted((_position(row) for row in rows if row.meant), reverse=not turn.oldest_first)
        until = _end(rows, turn) if rows and rows[0].more else None
        if until is None or len(places) >= turn.limit or window <= FIRST:
            break
        turn = attrs.evolve(turn, after=until)
    full = len(places) >= turn.limit
    return Found(tuple(places[: turn.limit]), None if full else until)


def places_query(outline: Outline, turn: Turn, window: int) -> Select[Any]:
    """Return the query for where the jobs meant are; with them the last place looked at, and whether more follow.

    Each branch is read from its index, no further than the window; what is merged are places alone. Then each row is
    looked at through its key: the lateral query holds the planner to that, whatever it believes of the condition.
    """
    seen = _seen(outline, turn, window)
    looked = seen if not outline.depth else _within_bytes(seen, turn)
    jobs = select(rest(outline).label("meant")).where(JobRow.id == looked.c.id).offset(0).lateral("job")
    tested = select(looked.c.created_at, looked.c.id).select_from(looked.join(jobs, true())).where(jobs.c.meant)
    order = turn.order(looked.c.created_at, looked.c.id)
    meant = tested.add_columns(literal(True).label("meant")).order_by(*order).limit(turn.limit).subquery()
    backwards = attrs.evolve(turn, oldest_first=not turn.oldest_first).order(looked.c.created_at, looked.c.id)
    last = select(looked.c.created_at, looked.c.id, literal(False).label("meant")).order_by(*backwards).limit(1)
    both = union_all(select(meant), select(last.subquery())).subquery()
    numbers = [select(func.count()).select_from(part).scalar_subquery() for part in (seen, looked)]
    more = (numbers[0] >= literal(window)) | (numbers[1] < numbers[0])
    return select(both.c.created_at, both.c.id, both.c.meant, more.label("more"))


def _seen(outline: Outline, turn: Turn, window: int) -> CTE:
    within = attrs.evolve(turn, limit=window)
    columns: list[Any] = [JobRow.created_at, JobRow.id]
    each = [within.of(select(*columns).where(branch)).subquery() for branch in branches(outline)]
    merged = union_all(*(select(part) for part in each)).subquery()
    return select(merged).order_by(*turn.order(merged.c.created_at, merged.c.id)).limit(window).cte("seen")


def _within_bytes(seen: CTE, turn: Turn) -> CTE:
    """Return the first of the places seen, as far as the documents there may all be looked into; one at least."""
    columns = JobRow.payload, JobRow.error
    weights = [func.coalesce(func.pg_column_size(column), 0) * _expansion(column) for column in columns]
    weight = select((weights[0] + weights[1]).label("weight"))
    job = weight.where(JobRow.id == seen.c.id).offset(0).lateral("weighed")
    order = turn.order(seen.c.created_at, seen.c.id)
    before = func.coalesce(func.sum(job.c.weight).over(order_by=order, rows=(None, -1)), 0).label("before")
    added = select(seen.c.created_at, seen.c.id, before).select_from(seen.join(job, true())).subquery()
    return select(added.c.created_at, added.c.id).where(added.c.before < literal(LOOKED_INTO, BigInteger)).cte("looked")


def _expansion(column: Any) -> Any:
    return case((func.pg_column_compression(column).is_(None), 1), else_=COMPRESSED)


def _end(rows: Sequence[Row[Any]], turn: Turn) -> Position:
    places = [_position(row) for row in rows]
    return max(places) if turn.oldest_first else min(places)


def _position(row: Row[Any]) -> Position:
    return Position(utc(row.created_at), row.id)
