"""Filters as people may write them: every tree that the grammar has."""

from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import strategies as st

from equeue.domain.filter_criteria import Day, FromNow, Has, Is, Like, Loose, Range, Test, Value
from equeue.domain.filter_fields import FIELDS, PAYLOAD, Field, Kind
from equeue.domain.filter_values import step_problem, test_text
from equeue.domain.filters import Condition, Term, all_of, none_of, some_of
from equeue.domain.status import JobStatus

texts = st.text(list('ab1_-.*,()~:<>="\\ \n\té漢🐘\u00a0'), min_size=1, max_size=8)
names = st.text("abcz09_.-", min_size=1, max_size=8)
stars = st.lists(st.text("abz.", max_size=3), min_size=2, max_size=4).map("*".join)
wholes = st.integers(-999_999_999, 999_999_999)
decimals = st.decimals(-(10**17), 10**17, places=3, allow_nan=False, allow_infinity=False)
instants = st.datetimes(datetime(1971, 1, 1), datetime(9_000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(datetime(1971, 1, 1).date(), datetime(9_000, 1, 1).date()).map(Day)  # noqa: DTZ001
spans = st.integers(-300_000_000, 300_000_000).map(lambda seconds: FromNow(timedelta(seconds=seconds)))
loose = st.sampled_from(("true", "null", "42", "-1.50", "word", "é", "a:b", "1e5")).map(Loose)


def _ranges(values: st.SearchStrategy[Value]) -> st.SearchStrategy[Test]:
    return st.one_of(
        st.builds(Range, low=values, low_open=st.booleans()),
        st.builds(Range, high=values, high_open=st.booleans()),
        st.builds(Range, values, values),
    )


def tests_of(field: Field) -> st.SearchStrategy[Test]:
    """Return every test that a field takes, but for a search."""
    match field.kind:
        case Kind.STATUS:
            return st.sampled_from(list(JobStatus)).map(Is)
        case Kind.NAME:
            return names.map(Is) | stars.map(Like)
        case Kind.WHOLE:
            return wholes.map(Is) | _ranges(wholes)
        case Kind.TIME:
            return (instants | days).map(Is) | _ranges(st.one_of(instants, days, spans))
        case Kind.ID:
            return st.uuids().map(Is)
        case Kind.JSON:
            return st.one_of((texts | loose).map(Is), stars.map(Like), _ranges(decimals))
        case _:
            return texts.map(Is) | stars.map(Like)


def _term(field: Field, tests: list[Test]) -> Term:
    by_text = {test_text(field, test): test for test in tests}
    return Term(field, tuple(by_text[text] for text in sorted(by_text)))


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Draw one term."""
    field = draw(st.sampled_from(list(FIELDS.values())))
    if field is PAYLOAD:
        steps = st.text("ab1_-", min_size=1, max_size=3) | texts
        path = draw(st.lists(steps.filter(lambda step: step_problem(step) is None), min_size=1, max_size=3))
        field = attrs.evolve(PAYLOAD, path=tuple(path))
    searched = field.kind in (Kind.NAME, Kind.TEXT, Kind.ERROR, Kind.JSON) and field.name != "fingerprint"
    some = texts.map(Has) if searched and draw(st.booleans()) else tests_of(field)
    return _term(field, draw(st.lists(some, min_size=1, max_size=3)))


def _joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda each: all_of(*each) or each[0]), several.map(lambda each: some_of(*each)), parts.map(none_of)
    )


trees: st.SearchStrategy[Condition] = st.recursive(terms(), _joined, max_leaves=8)
"""Every tree that a text can mean."""
