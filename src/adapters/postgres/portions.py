"""How much of its jobs a page brings: what is left out is left out by the database, so that it is never sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
)

from ...application.ports.reads import DOCUMENTS, LEFT_OUT, Document, Portion
from ...domain.ids import JobId
from .models import AttemptRow

BESIDE = ("progress", "error")
"""What a list shows of each job whatever its size; it counts, and what does not fit is not sent."""


def portioned(found: Select[Any], portion: Portion, *, oldest_first: bool) -> Select[Any]:
    """Return the query for the jobs `found`, of each as much as the page brings, and whether it still `fits` there.

    The jobs are picked first, by their index and no more than needed. What is summed up is what comes before a row, so
    the row that fills the page is its last.
    """
    jobs = found.subquery("found").c
    order = (jobs.created_at, jobs.id) if oldest_first else (jobs.created_at.desc(), jobs.id.desc())
    shown = {name: _shown(jobs[name], portion, whole=name in portion.whole) for name in DOCUMENTS}
    sizes = [
        func.coalesce(func.octet_length(text), 0)
        for text in (*shown.values(), *(cast(jobs[name], Text) for name in BESIDE))
    ]
    before = func.sum(sum(sizes[1:], start=sizes[0])).over(order_by=order, rows=(None, -1))
    fits = func.coalesce(before, 0) < literal(portion.page, BigInteger)
    documents = [type_coerce(case((fits, text), else_=""), jobs[name].type).label(name) for name, text in shown.items()]
    beside = [case((fits, jobs[name]), else_=null()).label(name) for name in BESIDE]
    others = [column for column in jobs if column.name not in shown and column.name not in BESIDE]
    return select(*others, *documents, *beside, fits.label("fits")).order_by(*order)


def attempts_page(job_id: JobId, after: int, limit: int, page: int) -> Select[Any]:
    """Return the query for recorded attempts behind `after`, one more than asked for, and whether each `fits`."""
    columns = AttemptRow.__table__.columns
    asked = select(*columns).where(AttemptRow.job_id == job_id, AttemptRow.lease_token > after)
    found = asked.order_by(AttemptRow.lease_token).limit(limit + 1).subquery("found").c
    size = func.coalesce(func.octet_length(cast(found.error, Text)), 0)
    before = func.sum(size).over(order_by=found.lease_token, rows=(None, -1))
    fits = func.coalesce(before, 0) < literal(page, BigInteger)
    error = case((fits, found.error), else_=null()).label("error")
    return select(*(column for column in found if column.name != "error"), error, fits.label("fits")).order_by(
        found.lease_token
    )


def _shown(column: ColumnElement[Any], portion: Portion, *, whole: bool) -> ColumnElement[Any]:
    """Return a document's text, empty where it is left out."""
    text = cast(column, Text)
    if whole:
        return text
    # JSONB takes at most four times the room of its text (`0, ` is three bytes, and twelve there), so of one that is
    # far larger even compressed the text need not be made to know its length.
    return case(
        (column.is_(None), null()),
        (func.pg_column_size(column) > 8 * portion.small + 64, ""),
        (func.octet_length(text) > portion.small, ""),
        else_=text,
    )


def left_out(rows: Sequence[Row[Any]]) -> Mapping[JobId, frozenset[Document]]:
    """Return for each job, if there are any, the documents that it has and its row does not bring."""
    named = {row.id: frozenset(name for name in DOCUMENTS if getattr(row, name) == LEFT_OUT) for row in rows}
    return {job_id: names for job_id, names in named.items() if names}
