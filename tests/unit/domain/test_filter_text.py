"""Filters are read from texts and written as texts; what cannot be read is told with its place."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.filters import trees

from equeue.domain.filter_criteria import Day, FromNow, Has, Is, Like, Loose, Range
from equeue.domain.filter_fields import FIELDS
from equeue.domain.filter_text import MAX_CHARS, MAX_DEPTH, MAX_TESTS, BadFilter, read, read_term, write
from equeue.domain.filters import All, Condition, Not, Some, Term
from equeue.domain.status import JobStatus

EXAMPLE = (
    "status:dead,queued queue:email task:email.* tag:vip priority:<=3 retry_count:>2 payload.user.id:42 "
    'error:TimeoutError error~"reset" created:>-1h finished:2026-11-01..2026-11-02 concurrency_key:"customer:42" '
    "worker:019a5b3c-0000-7000-8000-000000000000 -tag:test"
)


def one(text: str) -> Term:
    """Return the term that is all of a filter."""
    tree = read(text)
    assert isinstance(tree, Term)
    return tree


def bad(text: str) -> BadFilter:
    """Return why a text is no filter."""
    with pytest.raises(BadFilter) as told:
        read(text)
    return told.value


def tried(text: str) -> tuple[BadFilter | None, Condition | None]:
    """Return what comes of reading a text."""
    try:
        return None, read(text)
    except BadFilter as told:
        return told, None


@given(trees)
def test_what_is_written_is_read_again(tree: Condition) -> None:
    """From tree to text to the same tree."""
    assert read(write(tree), chars=100_000) == tree


@given(trees)
def test_what_is_read_has_one_text(tree: Condition) -> None:
    """From text to tree to the same text."""
    text = write(tree)
    assert write(read(text, chars=100_000)) == text


@given(st.text(list('status:dead payload.~"()-,><=*..ORANDNOT \\\0\ud800é漢'), max_size=60))
@example('error~"')
@example("payload.")
@example("created:+")
@example("status:dead OR OR")
@example("-(-(-(status:dead)))")
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    """Nothing else comes of any text, and what was read has a text that reads the same."""
    told, tree = tried(text)
    assert told is None or (told.detail and 0 <= told.position <= len(text))
    assert read(write(tree), chars=100_000) == tree


def test_the_example_of_the_manual_is_understood() -> None:
    """Fourteen conditions, all of which have to hold."""
    tree = read(EXAMPLE)
    assert isinstance(tree, All)
    assert [part.field.name for part in tree.parts if isinstance(part, Term)] == [
        "status", "queue", "task", "tag", "priority", "retry_count", "payload", "error", "error", "created", "finished",
        "concurrency_key", "worker",
    ]  # fmt: skip
    assert tree.parts[-1] == Not(Term(FIELDS["tag"], (Is("test"),)))


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("status:dead", Is(JobStatus.DEAD)),
        ("queue:e*", Like("e*")),
        ('tag:"e*"', Is("e*")),
        ("priority:3", Is(3)),
        ("priority:1..3", Range(1, 3)),
        ("priority:>=1", Range(low=1)),
        ("priority:<1", Range(high=1, high_open=True)),
        ("payload.n:42", Is(Loose("42"))),
        ('payload.n:"42"', Is("42")),
        ('payload.n~"4"', Has("4")),
        ("created:2026-11-01", Is(Day(date(2026, 11, 1)))),
        ("created:>2026-11-01T10:00:00+02:00", Range(low=datetime(2026, 11, 1, 8, tzinfo=UTC), low_open=True)),
        ("created:<=-1h30m", Range(high=FromNow(timedelta(hours=-1.5)))),
        ("run_at:>now", Range(low=FromNow(timedelta(0)), low_open=True)),
        ("error~reset", Has("reset")),
        (r'tag:"a \"b\" \\"', Is('a "b" \\')),
        ("concurrency_key:customer:42", Is("customer:42")),
    ],
)
def test_values_are_read_by_the_kind_of_their_field(text: str, test: object) -> None:
    """A quoted value is itself; what stands bare may be a pattern, a number, a time."""
    assert one(text).tests == (test,)


def test_order_binds_weaker_than_space() -> None:
    """`a b OR c` is (a and b) or c."""
    a, b, c = (Term(FIELDS["queue"], (Is(name),)) for name in "abc")
    assert read("queue:a queue:b OR queue:c") == Some((All((a, b)), c))
    assert read("queue:a (queue:b OR queue:c)") == All((a, Some((b, c))))
    assert read("NOT queue:a AND queue:b") == All((Not(a), b))
    assert read("-(queue:a queue:b)") == Not(All((a, b)))
    assert read("  \t") is None


def test_the_order_of_values_does_not_matter() -> None:
    """One list has one tree."""
    assert read("status:queued,dead,queued") == read("status:dead,queued")


@pytest.mark.parametrize(
    ("text", "position", "reason", "nearest"),
    [
        ("stauts:dead", 0, "unknown-field", "status"),
        ("queue:a  prioritty:3", 9, "unknown-field", "priority"),
        ("zzzzzz:1", 0, "unknown-field", None),
        ("status:deed", 7, "bad-value", "dead"),
        ("status:dead,ded", 12, "bad-value", "dead"),
        ("timeout", 0, "no-field", None),
        ("status:", 7, "syntax", None),
        ("status: dead", 7, "syntax", None),
        ("status", 6, "syntax", None),
        ("queue:A", 6, "bad-value", None),
        ("queue:>a", 7, "bad-value", None),
        ("priority:x", 9, "bad-value", None),
        ("priority:1234567890", 9, "bad-value", None),
        ("priority~x", 9, "bad-value", None),
        ('created:"2026-11-01"', 8, "bad-value", None),
        ("created:2026-13-01", 8, "bad-value", None),
        ("created:2026-11-01T10:00:00", 8, "bad-value", None),
        ("created:-1h", 8, "bad-value", None),
        ("created:>-", 9, "bad-value", None),
        ("created:>-99999w", 9, "bad-value", None),
        ("created:>-999999999w", 9, "bad-value", None),
        ("created:9999-12-31", 8, "bad-value", None),
        ("worker:w-3", 7, "bad-value", None),
        ("id:019a5b3c00007000800000000000000a", 3, "bad-value", None),
        ("payload:1", 7, "syntax", None),
        ("payload.:1", 8, "syntax", None),
        ("payload.a.-1:1", 10, "syntax", None),
        ("payload.a:>x", 11, "bad-value", None),
        ("payload.a:1..x", 10, "bad-value", None),
        ('tag:"open', 4, "syntax", None),
        ('error~""', 6, "bad-value", None),
        ("(status:dead", 0, "syntax", None),
        ("status:dead)", 11, "syntax", None),
        ("()", 1, "syntax", None),
        ("status:dead OR", 14, "syntax", None),
        ("tag:a*b*c*d*e*f*g", 4, "bad-value", None),
        ("tag:\0", 4, "syntax", None),
        ("tag:\ud800", 4, "syntax", None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, position: int, reason: str, nearest: str | None) -> None:
    """And what may have been meant."""
    told = bad(text)
    assert (told.position, told.reason, told.nearest) == (position, reason, nearest)


def test_a_filter_has_bounds() -> None:
    """Its length, its depth, and how many values it has; at each bound it is still read."""
    assert read("tag:" + "x" * (MAX_CHARS - 4)) is not None
    assert bad("tag:" + "x" * (MAX_CHARS - 3)).reason == "too-long"
    deep = "(" * MAX_DEPTH + "status:dead" + ")" * MAX_DEPTH
    assert read(deep) is not None
    assert bad(f"({deep})").reason == "too-deep"
    assert read("tag:" + ",".join(map(str, range(MAX_TESTS)))) is not None
    assert bad("tag:" + ",".join(map(str, range(MAX_TESTS + 1)))).reason == "too-many"
    assert bad("priority:1 " * (MAX_TESTS // 2) + "attempt:1 " * (MAX_TESTS // 2)).reason == "too-long"


def test_plain_parameters_need_no_quotes() -> None:
    """A value with space, comma or quote in it is itself; all else is as behind a colon."""
    assert read_term("tag", ("a b", "c,d", 'e"f', "g*")).tests == (Is("a b"), Is("c,d"), Is('e"f'), Like("g*"))
    assert read_term("priority", (">=2", "0")).tests == (Is(0), Range(low=2))
    with pytest.raises(BadFilter):
        read_term("priority", ("x",))
    with pytest.raises(BadFilter):
        read_term("tag", tuple(map(str, range(MAX_TESTS + 1))))
