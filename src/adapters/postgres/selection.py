"""Finding the jobs that a bulk operation means: along an index, from a place on, no further than a window reaches."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.bulk import Batch, Survey
from ...domain.bulk import Place
from ...domain.bulk_plan import BulkFilter, BulkPlan
from ...domain.filters import EVERY, terms
from ...domain.status import JobStatus
from .conditions import CAUSE, DEAD, condition
from .errors import translated
from .globs import in_reach
from .models import JobRow
from .planning import walk_along_indexes
from .rows import job_of, utc

COUNT_WINDOW = 200_000
"""So many jobs of one branch are looked at to count those meant."""
DEEP_WINDOW = 5_000
"""So many, divided by how often, where their documents are looked into."""
SAMPLE_WINDOW = 10_000

_BRIEF_ERROR: ColumnElement[str] = literal_column(
    """
case when error is not null then
  jsonb_build_object('type', error ->> 'type', 'fingerprint', coalesce(error ->> 'fingerprint', ''))::text
end
""",
    Text,
)


@attrs.frozen
class PostgresJobSelection:
    """A `JobSelection` in a session's transaction."""

    _session: AsyncSession

    async def survey(self, plan: BulkPlan, *, cap: int, sample: int) -> Survey:
        """Count the jobs meant, branch by branch, and show the first of them."""
        with translated():
            await walk_along_indexes(await self._session.connection())
            meant, looked = (await self._session.execute(count_query(plan, cap))).one()
        first = await self.next(plan, None, limit=sample, window=SAMPLE_WINDOW)
        return Survey(min(meant, cap), meant >= cap or looked >= count_window(plan.where), first.jobs)

    async def next(self, plan: BulkPlan, after: Place | None, *, limit: int, window: int) -> Batch:
        """Return at most `limit` of the jobs meant behind `after`, having looked at no more than `window` jobs."""
        with translated():
            await walk_along_indexes(await self._session.connection())
            places = (await self._session.execute(places_query(plan, after, limit, window))).all()
            ids = [row.id for row in places if row.meant]
            rows = (await self._session.execute(jobs_query(ids))).all() if ids else ()
        jobs = sorted(map(job_of, rows), key=lambda job: (job.created_at, job.id))
        full = len(ids) == limit
        end = _end(places, full=full)
        return Batch(tuple(jobs), end, last=not full and (not places or places[0].looked < window))


def _end(places: Sequence[Row[Any]], *, full: bool) -> Place | None:
    """Return the last place of a full batch, else the last place looked at."""
    found = [Place(utc(row.created_at), row.id) for row in places if row.meant or not full]
    return max(found, default=None)


def places_query(plan: BulkPlan, after: Place | None, limit: int, window: int) -> Select[Any]:
    """Return the query for where the next jobs are; with them comes the last place looked at, and how many were."""
    seen = _candidates(plan, after, window)
    looked = select(func.count()).select_from(seen).scalar_subquery()
    order = (seen.c.created_at, seen.c.id)
    meant = select(*order, literal(True).label("meant")).where(seen.c.meant).order_by(*order).limit(limit).subquery()
    backwards = (seen.c.created_at.desc(), seen.c.id.desc())
    end = select(*order, literal(False).label("meant")).order_by(*backwards).limit(1).subquery()
    both = union_all(select(meant), select(end)).subquery()
    return select(both.c.created_at, both.c.id, both.c.meant, looked.label("looked"))


def count_query(plan: BulkPlan, cap: int) -> Select[Any]:
    """Return the query for how many jobs are meant, capped for each branch, and the most that a branch looked at."""
    meant, looked, window = [], [], count_window(plan.where)
    for branch, rest in _branches(plan.selection):
        seen = select(rest.label("meant")).where(branch, *_bounds(plan)).limit(window).subquery()
        capped = select(literal(1)).select_from(seen).where(seen.c.meant).limit(cap).subquery()
        meant.append(select(func.count()).select_from(capped).scalar_subquery())
        some = select(literal(1)).select_from(seen).limit(window).subquery()
        looked.append(select(func.count()).select_from(some).scalar_subquery())
    return select(sum(meant[1:], start=meant[0]), func.greatest(*looked))


def count_window(where: BulkFilter) -> int:
    """Return how many jobs of one branch are looked at to count those meant."""
    depth = sum(len(term.tests) for term in terms(where.condition) if term.of_documents)
    return max(1, DEEP_WINDOW // depth) if depth else COUNT_WINDOW


def jobs_query(ids: Sequence[Any]) -> Select[Any]:
    """Return the query for jobs without what is in them: documents may be a megabyte each."""
    columns: list[ColumnElement[Any]] = []
    for column in JobRow.__table__.columns:
        if column.name in ("payload", "result", "progress"):
            present = case((column.is_(None), cast(null(), Text)), else_=literal("", Text))
            columns.append(type_coerce(present, column.type).label(column.name))
        elif column.name == "error":
            columns.append(type_coerce(_BRIEF_ERROR, column.type).label("error"))
        else:
            columns.append(column)
    return select(*columns).where(JobRow.id == func.any(literal(list(ids), ARRAY(JobRow.__table__.c.id.type))))


def _candidates(plan: BulkPlan, after: Place | None, window: int) -> CTE:
    """Return the next jobs in order, each with whether it is meant: an index gives the order within each branch."""
    order = (JobRow.created_at, JobRow.id)
    bounds = [*_bounds(plan), *([] if after is None else [tuple_(*order) > tuple_(after.created_at, after.job_id)])]
    each = [
        select(*order, rest.label("meant")).where(branch, *bounds).order_by(*order).limit(window).subquery()
        for branch, rest in _branches(plan.selection)
    ]
    merged = union_all(*(select(part) for part in each)).subquery()
    return select(merged).order_by(merged.c.created_at, merged.c.id).limit(window).cte("seen")


def _bounds(plan: BulkPlan) -> list[ColumnElement[bool]]:
    where = plan.where
    bounds = [JobRow.created_at <= plan.mark]
    if where.created_after is not None:
        bounds.append(JobRow.created_at >= where.created_after)
    if where.created_before is not None:
        bounds.append(JobRow.created_at < where.created_before)
    return bounds


def _branches(where: BulkFilter) -> Iterator[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """Yield what an index finds, and what the jobs found have to fulfil besides."""
    if where.job_ids:
        yield JobRow.id.in_(where.job_ids), _rest(where, owner=True, causes=True)
    elif where.fingerprints:
        rest = _rest(where, owner=True, causes=False)
        for cause in dict.fromkeys(where.fingerprints):
            yield and_(DEAD, literal(cause, Text) == CAUSE), rest
    elif where.owner is not None:
        yield JobRow.user_id == where.owner, _rest(where, owner=False, causes=True)
    else:
        rest = _rest(attrs.evolve(where, statuses=()), owner=False, causes=True)
        left = EVERY if where.condition is None else where.condition.statuses
        for status in dict.fromkeys(where.statuses or JobStatus):
            yield (JobRow.status == status if status in left else false()), rest


def _rest(where: BulkFilter, *, owner: bool, causes: bool) -> ColumnElement[bool]:
    fulfilled: list[ColumnElement[bool]] = [true()]
    for column, words in ((JobRow.status, where.statuses), (JobRow.queue, where.queues), (JobRow.task, where.tasks)):
        if words:
            fulfilled.append(column.in_(words))
    if where.tags:
        tags = cast(literal(list(where.tags), ARRAY(Text)), ARRAY(Text))
        fulfilled.append(cast(JobRow.tags, ARRAY(Text)).op("&&")(tags))
    if causes and where.fingerprints:
        fulfilled.append(and_(DEAD, CAUSE.in_(where.fingerprints)))
    if owner and where.owner is not None:
        fulfilled.append(func.coalesce(JobRow.user_id == where.owner, False))
    if where.queue_globs:
        fulfilled.append(in_reach(where.queue_globs))
    if where.condition is not None:
        fulfilled.append(condition(where.condition))
    return and_(*fulfilled)
