"""Counting jobs by status: to a cap where an index finds them all, else as many as a window has."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Row, Select, func, literal, select, true, union_all

from ...application.ports.outline import Outline
from ...application.ports.reads import Count
from ...domain.status import JobStatus
from .conditions import branches, rest
from .looking import LOOKED_INTO, WEIGHT
from .models import JobRow

WINDOW: Final = 40_000
"""So many jobs are looked at to count those meant, each status having its share."""
DEEP: Final = 8
"""Jobs whose payload or error is looked into are so many times fewer."""


def count_query(outline: Outline, cap: int) -> Select[Any]:
    """Return the query for how many jobs of each branch and status are meant, and how many were looked at.

    Each branch is read from its end, in the order of its index, so that no other way to it looks shorter.
    """
    window = count_window(outline, cap)
    of_branch = _looked_into if outline.looks and outline.depth else _looked_at
    parts = [of_branch(outline, place, branch, window) for place, branch in enumerate(branches(outline))]
    told = union_all(*parts).subquery("told")
    return select(told)


def count_window(outline: Outline, cap: int) -> int:
    """Return how many jobs of each branch are looked at."""
    if outline.ids is not None:
        return len(outline.ids) + 1
    if not outline.looks and not outline.by_owner:
        return cap
    found = len(branches(outline))
    return max(1, WINDOW // found // (DEEP * outline.depth if outline.depth else 1))


def tally(outline: Outline, told: Sequence[Row[Any]], cap: int) -> Mapping[JobStatus, Count]:
    """Return the counts by status; those of a branch that was not looked at to its end are capped."""
    window = count_window(outline, cap)
    meant, looked, short = defaultdict[JobStatus, int](int), defaultdict[int, int](int), set[int]()
    for row in told:
        meant[row.status] += row.meant
        looked[row.branch] += row.looked
        if looked[row.branch] >= window or row.heavy:
            short.add(row.branch)
    capped = {
        status: place in short if outline.by_status else bool(short) for place, status in enumerate(outline.statuses)
    }
    return {status: Count(min(meant[status], cap), meant[status] >= cap or capped[status]) for status in capped}


def _looked_at(outline: Outline, place: int, branch: ColumnElement[bool], window: int) -> Select[Any]:
    asked = select(JobRow.status, rest(outline).label("meant")).where(branch)
    seen = asked.order_by(JobRow.created_at.desc()).limit(window).subquery()
    return _by_status(place, seen.c.status, seen.c.meant, literal(False)).select_from(seen)


def _looked_into(outline: Outline, place: int, branch: ColumnElement[bool], window: int) -> Select[Any]:
    """Return the query for one branch in whose share of bytes the documents of the newest jobs are looked into."""
    order = JobRow.created_at.desc(), JobRow.id.desc()
    asked = select(JobRow.id, JobRow.created_at, JobRow.status, WEIGHT.label("weight")).where(branch)
    seen = asked.order_by(*order).limit(window).subquery()
    before = func.sum(seen.c.weight).over(order_by=(seen.c.created_at.desc(), seen.c.id.desc()), rows=(None, -1))
    weighed = select(seen.c.id, seen.c.status, func.coalesce(before, 0).label("before")).subquery()
    share = literal(LOOKED_INTO // len(branches(outline)), BigInteger)
    job = select(rest(outline).label("meant")).where(JobRow.id == weighed.c.id, weighed.c.before < share)
    told = job.offset(0).lateral("job")
    heavy = func.bool_or(weighed.c.before >= share)
    counted = _by_status(place, weighed.c.status, func.coalesce(told.c.meant, False), heavy)
    return counted.select_from(weighed.outerjoin(told, true()))


def _by_status(
    place: int, status: ColumnElement[Any], meant: ColumnElement[bool], heavy: ColumnElement[bool]
) -> Select[Any]:
    numbers = func.count().filter(meant).label("meant"), func.count().label("looked"), heavy.label("heavy")
    return select(literal(place).label("branch"), status.label("status"), *numbers).group_by(status)
