"""A payload that a task's decoder takes is never refused by the task's schema, whatever the signature."""

import json
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict
from uuid import UUID

import attrs
import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equeue.adapters.codec import MsgspecCodec
from equeue.adapters.json_schema import CompiledSchemas
from equeue.application.ports.codec import REQUIRED, PayloadField
from equeue.domain.errors import PayloadInvalid

Documents: TypeAlias = st.SearchStrategy[Any]
Kind: TypeAlias = tuple[Any, Documents]
"""A type, and documents of which most fit it."""


class Colour(Enum):
    """Words."""

    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    """Numbers."""

    LOW = 1
    HIGH = 2


@dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.0


@attrs.define
class Person:
    """An attrs class."""

    name: str
    age: int | None = None


class Cat(msgspec.Struct, tag=True):
    """A tagged struct, whose tag may be left out where it stands alone."""

    name: str = ""


class Dog(msgspec.Struct, tag=True):
    """Another, for unions."""

    barks: bool = True


class Strict(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """A struct that takes no more than it names, by other names."""

    first_name: str
    last_name: str = ""


class Row(msgspec.Struct, array_like=True):
    """A struct that is a list."""

    n: int
    s: str = "x"


class Tagged(msgspec.Struct, array_like=True, tag=True):
    """A list that begins with its tag."""

    n: int


class Tree(msgspec.Struct):
    """What holds more of its kind."""

    value: int
    children: "list[Tree]" = []


class Options(TypedDict):
    """A dict with named members."""

    a: int
    b: NotRequired[str]


class Pair(NamedTuple):
    """A tuple with names."""

    left: int
    right: str = ""


Plain = namedtuple("Plain", ["a", "b"])  # noqa: PYI024 - handlers may use it

text = st.text(max_size=6)
numbers = st.integers() | st.integers(2**62, 2**70) | st.floats(allow_nan=False, allow_infinity=False)
anything: Documents = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
trees: Documents = st.recursive(
    st.builds(lambda n: {"value": n}, st.integers()),
    lambda inner: st.builds(lambda n, some: {"value": n, "children": some}, st.integers(), st.lists(inner, max_size=2)),
    max_leaves=5,
)
cats = st.sampled_from([{"type": "Cat", "name": "x"}, {"name": "x"}, {"type": "Cat"}, {}, {"type": "Dog"}])
decimals = st.sampled_from(["1.5", 1.5, 3, "x", "1e5", "NaN"])
instants = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00+01:00", "x", 5, 1.5])
spans = st.sampled_from(["PT5S", "P1D", "5", 5, 1.5])

LEAVES: list[Kind] = [
    (Any, anything),
    (int, numbers),
    (float, numbers),
    (str, text),
    (bool, st.booleans()),
    (None, st.none()),
    (list, st.lists(anything, max_size=2)),
    (dict, st.dictionaries(text, anything, max_size=2)),
    (msgspec.Raw, anything),
    (bytes, st.sampled_from(["", "YQ==", "YQ", "YWI=", "Y!"])),
    (Decimal, decimals),
    (datetime, instants),
    (date, st.sampled_from(["2026-01-01", "x", 5])),
    (time, st.sampled_from(["10:00:00", "10:00:00Z", 5])),
    (timedelta, spans),
    (UUID, st.sampled_from(["01890000-0000-7000-8000-000000000000", "0189000000007000800000000000000a", "x"])),
    (Colour, st.sampled_from(["red", "blue", "green"])),
    (Level, st.sampled_from([1, 2, 3, 1.0, True])),
    (Literal["a", 1] | None, st.sampled_from(["a", 1, None, 1.0, True, "b"])),
    (Literal[5], st.sampled_from([5, 5.0, "5", 6])),
    (Annotated[int, msgspec.Meta(ge=0, lt=10)], st.integers(-2, 12) | st.sampled_from([9.0, 0.0, -0.0, 9.5])),
    (Annotated[int, msgspec.Meta(multiple_of=3)], st.integers(-6, 6) | st.sampled_from([3.0, 4.5])),
    (Annotated[float, msgspec.Meta(gt=0.1, le=1e300)], numbers),
    (Annotated[float, msgspec.Meta(multiple_of=0.1)], st.sampled_from([0.1, 0.2, 0.3, 0.7, 1, 1.1])),
    (Annotated[str, msgspec.Meta(min_length=1, max_length=3)], st.text(max_size=4)),
    (Annotated[str, msgspec.Meta(pattern=r"^\w+$")], st.sampled_from(["a", "ä", "a\n", "٣", "", "a b"])),
    (Annotated[bytes, msgspec.Meta(min_length=2, max_length=3)], st.sampled_from(["YWI=", "YWI", "YWJj", "YQ==", ""])),
    (Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)], st.lists(st.integers(), max_size=3)),
    (Annotated[dict[str, int], msgspec.Meta(max_length=1)], st.dictionaries(text, st.integers(), max_size=2)),
    (Point, st.sampled_from([{"x": 1}, {"x": 1, "y": 2}, {"x": 1, "z": 3}, {"x": 1.0}, {}])),
    (Person, st.sampled_from([{"name": "x"}, {"name": "x", "age": None}, {"name": "x", "more": 1}, {"name": 1}])),
    (Cat, cats),
    (Cat | Dog, cats),
    (Cat | Dog | None, cats | st.none()),
    (Strict, st.sampled_from([{"firstName": "x"}, {"firstName": "x", "lastName": ""}, {"first_name": "x"}])),
    (Row, st.sampled_from([[1], [1, "x"], [1, "x", 2], [], ["x"]])),
    (Tagged, st.sampled_from([["Tagged", 1], [1], ["Tagged", 1, 2]])),
    (Row | Point, st.sampled_from([[1], {"x": 1}])),
    (Tree, trees),
    (Options, st.sampled_from([{"a": 1}, {"a": 1, "b": "x", "c": 2}, {"b": "x"}])),
    (Pair, st.sampled_from([[1], [1, "x"], [1, "x", 2]])),
    (Plain, st.sampled_from([[1, 2], [1]])),
    (set[int], st.lists(st.integers(0, 2), max_size=3)),
    (frozenset[str], st.lists(text, max_size=3)),
    (dict[int, str], st.dictionaries(st.sampled_from(["1", "2", "x"]), text, max_size=2)),
    (dict[Literal["a", "b"], int], st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(), max_size=2)),
    (dict[Colour, int], st.dictionaries(st.sampled_from(["red", "x"]), st.integers(), max_size=2)),
    (dict[datetime, int], st.dictionaries(st.just("2026-01-01T00:00:00Z"), st.integers(), max_size=1)),
    (int | str, numbers | text),
    (float | bool | None, numbers | st.booleans() | st.none()),
    (int | float, numbers),
    (str | int | None, text | numbers | st.none()),
]


GENERIC: tuple[Any, ...] = (list, dict, tuple, Annotated)


def holding(kind: Kind) -> Iterator[Kind]:
    """Yield types that hold a type."""
    inner, documents = kind
    a_list, a_dict, a_tuple, annotated = GENERIC
    yield a_list[inner], st.lists(documents, max_size=3)
    yield a_dict[str, inner], st.dictionaries(text, documents, max_size=3)
    yield a_tuple[inner, inner], st.lists(documents, min_size=1, max_size=3)
    yield a_tuple[inner, ...], st.lists(documents, max_size=3)
    yield (None if inner is None else inner | None), documents | st.none()
    yield annotated[inner, msgspec.Meta(description="d", examples=[1])], documents


leaves = st.sampled_from(LEAVES)
kinds: st.SearchStrategy[Kind] = leaves | leaves.flatmap(lambda kind: st.sampled_from(list(holding(kind))))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[PayloadField], dict[str, Any]]:
    """Draw a signature and a payload for it, in which something may be wrong."""
    fields: list[PayloadField] = []
    payload: dict[str, Any] = {}
    for name in draw(st.sampled_from([("a",), ("a", "b_c"), ("type", "a")])):
        kind, documents = draw(kinds)
        fields.append(PayloadField(name, kind, draw(st.sampled_from([REQUIRED, REQUIRED, None]))))
        if draw(st.integers(0, 9)):
            payload[name] = draw(documents) if draw(st.integers(0, 9)) else draw(anything)
    if not draw(st.integers(0, 19)):
        payload[draw(text)] = draw(anything)
    return fields, payload


COMPILED = CompiledSchemas()


@given(cases())
@settings(max_examples=300)
@example(([PayloadField("a", Decimal)], {"a": 1.5}))
@example(([PayloadField("a", Cat)], {"a": {"name": "x"}}))
@example(([PayloadField("a", Tree)], {"a": {"value": 1, "children": [{"value": 2}]}}))
def test_what_the_decoder_takes_the_schema_takes(case: tuple[list[PayloadField], dict[str, Any]]) -> None:
    """The worker's own decoding is the judge; the schema only ever spares a job that would fail there."""
    fields, document = case
    payload = json.dumps(document).encode()
    try:
        signature = MsgspecCodec().signature("a.task", fields)
        signature.arguments(payload)
    except (TypeError, PayloadInvalid):  # no task can be declared so, or none takes this
        return
    assert COMPILED.faults(signature.schema, payload) == ()


def test_the_schema_refuses_what_the_decoder_refuses_first_of_all() -> None:
    """Types, missing and unknown members, choices and bounds, with the place."""
    fields = [
        PayloadField("user_id", int),
        PayloadField("lang", Literal["en", "de"], "en"),
        PayloadField("colour", Colour, "red"),
        PayloadField("to", list[Point], ()),
        PayloadField("level", Annotated[int, msgspec.Meta(ge=0, le=9)], 0),
    ]
    signature = MsgspecCodec().signature("a.task", fields)
    for document, place in (
        ({}, "/user_id"),
        ({"user_id": "1"}, "/user_id"),
        ({"user_id": 1, "nope": 1}, "/nope"),
        ({"user_id": 1, "lang": "fr"}, "/lang"),
        ({"user_id": 1, "colour": "green"}, "/colour"),
        ({"user_id": 1, "to": [{"x": "1"}]}, "/to/0/x"),
        ({"user_id": 1, "level": 10}, "/level"),
    ):
        payload = json.dumps(document).encode()
        try:
            signature.arguments(payload)
        except PayloadInvalid:
            assert [fault.pointer for fault in COMPILED.faults(signature.schema, payload)] == [place]
        else:
            raise AssertionError(document)
