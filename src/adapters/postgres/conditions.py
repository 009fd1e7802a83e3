"""Filters in SQL: the one compiler, from a typed tree to what a row has to fulfil. Values are always bound."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from ...application.ports.outline import Outline
from ...domain.filter_criteria import Has, Is, Like, Loose, Range, Test
from ...domain.filter_fields import Field, Kind
from ...domain.filters import All, Condition, Not, Some, Term
from ...domain.status import JobStatus
from .failure_models import FINGERPRINT
from .globs import in_reach, starred
from .models import JobRow

CAUSE: ColumnElement[str] = literal_column(FINGERPRINT, Text)
DEAD: ColumnElement[bool] = literal_column(f"(equeue.jobs.status = '{JobStatus.DEAD}') is true", Boolean)


def branches(outline: Outline) -> tuple[ColumnElement[bool], ...]:
    """Return what an index finds, one after the other; each gives its jobs in the order of creation."""
    within = [_tests(JobRow.__table__.c.created_at, term.tests) for term in outline.created]
    if not outline.statuses:
        return (false(),)
    if outline.ids is not None:
        return (and_(JobRow.id.in_(outline.ids), *within),)
    if outline.causes is not None:
        return tuple(and_(DEAD, literal(cause, Text) == CAUSE, *within) for cause in outline.causes)
    if outline.owner is not None:
        return (and_(JobRow.user_id == outline.owner, *within),)
    return tuple(and_(JobRow.status == status, *within) for status in outline.statuses)


def rest(outline: Outline) -> ColumnElement[bool]:
    """Return what the jobs that were found have to fulfil besides; it is true or false, never unknown."""
    fulfilled: list[ColumnElement[bool]] = [true()]
    if outline.owner is not None and not outline.by_owner:
        fulfilled.append(_certain(JobRow.user_id == outline.owner))
    if outline.globs:
        fulfilled.append(in_reach(outline.globs))
    if outline.rest is not None:
        fulfilled.append(condition(outline.rest))
    return and_(*fulfilled)


def condition(tree: Condition) -> ColumnElement[bool]:
    """Return a tree as SQL; every term in it is true or false, so that its opposite is what is left."""
    match tree:
        case Term():
            return _certain(_term(tree))
        case All(parts):
            return and_(*map(condition, parts))
        case Some(parts):
            return or_(*map(condition, parts))
        case Not(part):
            return not_(condition(part))


def _certain(fulfilled: ColumnElement[bool]) -> ColumnElement[bool]:
    return func.coalesce(fulfilled, False)


def _term(term: Term) -> ColumnElement[bool]:
    field = term.field
    if field.kind is Kind.JSON:
        return _in_payload(field, term.tests)
    if field.name == "fingerprint":
        return and_(DEAD, _tests(CAUSE, term.tests))
    if field.kind is Kind.ERROR:
        places = ("type", "message") if term.deep else ("type",)
        return or_(*(_certain(_tests(_in_error(place), term.tests)) for place in places))
    column: ColumnElement[Any] = JobRow.__table__.c[field.attribute]
    if field.name == "tag":
        return or_(*_of_tags(cast(column, ARRAY(Text)), term.tests))
    return _tests(column, term.tests)


def _of_tags(tags: ColumnElement[Any], tests: tuple[Test, ...]) -> Iterator[ColumnElement[bool]]:
    """Yield the ways in which a job's tags may pass: to have one of some costs a tenth of looking at them in turn."""
    words = [test.value for test in tests if isinstance(test, Is)]
    others = tuple(test for test in tests if not isinstance(test, Is))
    if words:
        yield tags.bool_op("&&")(literal(words, ARRAY(Text)))
    if others:
        each = func.unnest(tags).table_valued(named("tag", Text), name="tags").render_derived()
        yield exists(select(literal(1)).select_from(each).where(_tests(each.c.tag, others)))


def _in_error(place: str) -> ColumnElement[Any]:
    return func.jsonb_extract_path_text(cast(JobRow.error, JSONB), literal(place, Text), type_=Text)


def _in_payload(field: Field, tests: tuple[Test, ...]) -> ColumnElement[bool]:
    steps = [literal(step, Text) for step in field.path]
    document = cast(JobRow.payload, JSONB)
    found = func.jsonb_extract_path(document, *steps, type_=JSONB)
    text = func.jsonb_extract_path_text(document, *steps, type_=Text)
    readings = [_json(each) for test in tests if isinstance(test, Is) for each in _readings(test)]
    texts = tuple(test for test in tests if isinstance(test, Like | Has))
    ranges = tuple(test for test in tests if isinstance(test, Range))
    ways: list[ColumnElement[bool]] = []
    if readings:
        ways.append(found.in_(readings))
    if texts:
        ways.append(and_(func.jsonb_typeof(found) == "string", _tests(text, texts)))
    if ranges:
        ways.append(and_(func.jsonb_typeof(found) == "number", _tests(found, ranges, _json)))
    return or_(*map(_certain, ways))


def _readings(test: Is) -> tuple[Any, ...]:
    return test.value.readings if isinstance(test.value, Loose) else (test.value,)


def _json(value: Any) -> ColumnElement[Any]:
    """Return a scalar as jsonb; its numbers compare as numbers do, digit by digit."""
    said = f"{value:f}" if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return cast(literal(said, Text), JSONB)


def _plain(value: Any) -> Any:
    return value


def _tests(
    column: ColumnElement[Any], tests: tuple[Test, ...], bound: Callable[[Any], Any] = _plain
) -> ColumnElement[bool]:
    """Return that a column passes any of the tests; values of one kind go into one list."""
    values = [test.value for test in tests if isinstance(test, Is)]
    ways = [] if not values else [column == values[0] if len(values) == 1 else column.in_(values)]
    ways += [_test(column, test, bound) for test in tests if not isinstance(test, Is)]
    return or_(*ways) if len(ways) > 1 else ways[0]


def _test(column: ColumnElement[Any], test: Like | Has | Range, bound: Callable[[Any], Any]) -> ColumnElement[bool]:
    match test:
        case Like(pattern):
            return column.like(literal(starred(pattern), Text))
        case Has(text):
            return func.strpos(column, literal(text, Text)) > 0
        case Range(low, high, low_open, high_open):
            ends: list[ColumnElement[bool]] = []
            if low is not None:
                ends.append(column > bound(low) if low_open else column >= bound(low))
            if high is not None:
                ends.append(column < bound(high) if high_open else column <= bound(high))
            return and_(*ends)
