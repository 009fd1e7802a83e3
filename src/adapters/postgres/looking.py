"""Finding jobs by what no index knows of them: in the order of the list, and no further than a window reaches."""

from typing import Any

import attrs
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Subquery,
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
"""So many jobs are looked at for one page, unless fewer fill it."""
DEEP = 5
"""Jobs whose payload or error is looked into are so many times fewer."""
LOOKED_INTO = 16 * 1024 * 1024
"""So many bytes of documents, as they are stored, are looked into for a page, and for a count."""
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
    window = max(1, window // (DEEP * outline.depth)) if outline.depth else window
    rows = (await connection.execute(places_query(outline, turn, window))).all()
    places = tuple(_position(row) for row in rows if row.meant)
    end = next((_position(row) for row in rows if row.ends), None)
    return Found(places, None if len(places) >= turn.limit else end)


def places_query(outline: Outline, turn: Turn, window: int) -> Select[Any]:
    """Return the query for where the jobs meant are; with them comes the place that `ends` the window, if one does.

    Every branch is read from its index, in order and merged, by a plan that sorts nothing: so it stops with the page or
    with the window. What is asked of a job is a column, never a condition on the rows: there the planner would look for
    another way to them.
    """
    return _looked_into(outline, turn, window) if outline.depth else _looked_at(outline, turn, window)


def _looked_at(outline: Outline, turn: Turn, window: int) -> Select[Any]:
    seen = merged(outline, attrs.evolve(turn, limit=window), rest(outline).label("meant"))
    order = turn.order(seen.c.created_at, seen.c.id)
    number = func.row_number().over(order_by=order)
    told = select(seen, (number >= literal(window)).label("ends")).subquery("told").c
    asked = select(told.created_at, told.id, told.meant, told.ends).where(told.meant | told.ends)
    return asked.order_by(*turn.order(told.created_at, told.id)).limit(turn.limit)


def _looked_into(outline: Outline, turn: Turn, window: int) -> Select[Any]:
    """Return the query where documents are looked into: of the places as far as those may all be; one at least."""
    seen = merged(outline, attrs.evolve(turn, limit=window), WEIGHT.label("weight"))
    order = turn.order(seen.c.created_at, seen.c.id)
    number = func.row_number().over(order_by=order)
    before = func.coalesce(func.sum(seen.c.weight).over(order_by=order, rows=(None, -1)), 0)
    full = (number >= literal(window)) | (before + seen.c.weight >= literal(LOOKED_INTO, BigInteger))
    told = select(seen, before.label("before"), full.label("ends")).subquery("told")
    job = select(rest(outline).label("meant")).where(JobRow.id == told.c.id).offset(0).lateral("job")
    asked = select(told.c.created_at, told.c.id, job.c.meant, told.c.ends).select_from(told.join(job, true()))
    within = asked.where(told.c.before < literal(LOOKED_INTO, BigInteger), job.c.meant | told.c.ends)
    return within.order_by(*turn.order(told.c.created_at, told.c.id)).limit(turn.limit)


def merged(outline: Outline, turn: Turn, *columns: ColumnElement[Any]) -> Subquery:
    """Return the places of jobs that an index finds, in the order of the turn and as many, each with these columns."""
    asked = select(JobRow.__table__.c.created_at, JobRow.__table__.c.id, *columns)
    each = [turn.of(asked.where(branch)).subquery() for branch in branches(outline)]
    if len(each) == 1:
        return each[0]
    both = union_all(*(select(part) for part in each)).subquery()
    return select(both).order_by(*turn.order(both.c.created_at, both.c.id)).limit(turn.limit).subquery("merged")


def _expansion(column: Any) -> Any:
    return case((func.pg_column_compression(column).is_(None), 1), else_=COMPRESSED)


def _weight(column: Any) -> Any:
    return func.coalesce(func.pg_column_size(column), 0) * _expansion(column)


WEIGHT: ColumnElement[int] = _weight(JobRow.payload) + _weight(JobRow.error)
"""How much there is to look into in a job's documents; to know it nothing of them is read that is stored aside."""


def _position(row: Row[Any]) -> Position:
    return Position(utc(row.created_at), row.id)
