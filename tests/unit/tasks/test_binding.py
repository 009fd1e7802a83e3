"""A handler's signature is the shape of its payload."""

import dataclasses
import functools
import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import attrs
import msgspec
import pytest

from equeue import Context, TaskRefused, Tasks
from equeue.adapters.codec import MsgspecCodec
from equeue.application.binding import BoundTask, KnownTasks, bind
from equeue.application.payload_schema import LENIENT
from equeue.domain.errors import PayloadInvalid


def bound(handler: Callable[..., Any]) -> BoundTask:
    """Return `handler` as a bound task."""
    tasks = Tasks()
    tasks.task("a.task")(handler)
    return bind(tasks["a.task"], MsgspecCodec())


@attrs.define
class Address:
    street: str
    lines: list[str] = attrs.Factory(list)


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Size(msgspec.Struct):
    width: float


class Colour(StrEnum):
    RED = "red"


async def rich(  # noqa: D103
    ctx: Context,
    n: int,
    address: Address,
    point: Point,
    size: Size,
    colour: Colour,
    when: datetime,
    id: UUID,
    mode: Literal["a", "b"] = "a",
    extra: dict[str, list[int]] | None = None,
    *,
    flag: bool = False,
) -> None: ...


RICH = json.dumps(
    {
        "n": 2**60,
        "address": {"street": "s", "lines": ["l"]},
        "point": {"x": 1},
        "size": {"width": 2},
        "colour": "red",
        "when": "2026-11-22T12:00:00Z",
        "id": "00000000-0000-7000-8000-000000000001",
    }
).encode()


def test_fields_arrive_in_the_types_of_the_signature() -> None:
    """Plain JSON types, attrs, dataclasses, msgspec structs, enums, datetimes, ids; defaults filled in."""
    arguments = bound(rich).signature.arguments(RICH)
    assert arguments["n"] == 2**60
    assert arguments["address"] == Address("s", ["l"])
    assert arguments["point"] == Point(1)
    assert arguments["size"] == Size(2.0)
    assert arguments["colour"] is Colour.RED
    assert (arguments["mode"], arguments["extra"], arguments["flag"]) == ("a", None, False)
    assert "ctx" not in arguments


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"n": "1"}, "/n"),
        ({"n": 1.5}, "/n"),
        ({"address": {"street": 1}}, "/address/street"),
        ({"address": {"street": "s", "lines": ["a", 2]}}, "/address/lines/1"),
        ({"mode": "c"}, "/mode"),
        ({"when": "yesterday"}, "/when"),
        ({"typo": 1}, "/typo"),
        ({"extra": {"k": [1, None]}}, "/extra/.../1"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], pointer: str) -> None:
    """The violation's pointer leads to the field at fault."""
    with pytest.raises(PayloadInvalid) as refused:
        bound(rich).signature.arguments(json.dumps({**json.loads(RICH), **change}).encode())
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_a_missing_field_is_named() -> None:
    """A field without a default must be there."""
    with pytest.raises(PayloadInvalid, match="missing required field `n`"):
        bound(rich).signature.arguments(b"{}")


def test_deep_nesting_is_refused_and_not_crashed_into() -> None:
    """A payload nested beyond any stack is simply one that does not fit."""

    async def anything(value: Any) -> None: ...

    with pytest.raises(PayloadInvalid):
        bound(anything).signature.arguments(b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_arguments_become_a_payload_that_fits() -> None:
    """What an enqueue writes, the worker reads back as it was."""
    signature = bound(rich).signature
    arguments = signature.arguments(RICH)
    assert signature.arguments(signature.payload(arguments)) == arguments


@pytest.mark.parametrize("wrong", [{"n": "x"}, {"n": float("nan")}, {"n": "a\x00b"}, {"typo": 1}, {"n": object()}, {}])
def test_arguments_that_do_not_fit_are_refused_at_enqueue(wrong: dict[str, Any]) -> None:
    """The caller learns it, not the worker."""

    async def handler(n: int) -> None: ...

    with pytest.raises(PayloadInvalid):
        bound(handler).signature.payload(wrong)


def test_a_handler_needs_no_context() -> None:
    """The context is given to those who ask for it, first, by type or by name."""

    async def without(a: int) -> None: ...
    async def by_type(c: Context, a: int) -> None: ...
    async def by_name(ctx, a: int) -> None: ...  # type: ignore[no-untyped-def]
    async def none_at_all() -> None: ...

    found = [bound(handler).takes_context for handler in (without, by_type, by_name, none_at_all)]
    assert found == [False, True, True, False]


def test_a_default_that_changes_is_shared_as_python_shares_it() -> None:
    """Any default works, immutable or not."""
    shared = {"k": [1]}

    async def handler(a: dict[str, list[int]] = shared, b: tuple[int, ...] = (1, 2)) -> None: ...

    assert bound(handler).signature.arguments(b"{}") == {"a": shared, "b": (1, 2)}


def test_an_untyped_parameter_takes_any_json() -> None:
    """Type hints are for those who want them."""

    def handler(a, b=3):  # type: ignore[no-untyped-def]
        return a, b

    assert bound(handler).signature.arguments(b'{"a":[1,{"x":null}]}') == {"a": [1, {"x": None}], "b": 3}


def takes_star(*numbers: int) -> None: ...  # noqa: D103
def takes_stars(**numbers: int) -> None: ...  # noqa: D103
def takes_by_place(n: int, /) -> None: ...  # noqa: D103
def takes_context_last(n: int, ctx: Context) -> None: ...  # noqa: D103
def takes_a_file(file: type[open]) -> None: ...  # type: ignore[valid-type]  # noqa: D103
def takes_unknown(n: "Missing") -> None: ...  # type: ignore[name-defined]  # noqa: D103, F821


@pytest.mark.parametrize(
    "handler", [takes_star, takes_stars, takes_by_place, takes_context_last, takes_a_file, takes_unknown]
)
def test_a_signature_that_json_cannot_fill_is_refused_at_start(handler: Callable[..., Any]) -> None:
    """Not at the first job, and with the task's id."""
    with pytest.raises(TaskRefused, match=r"task 'a\.task'"):
        bound(handler)


def test_the_schema_is_the_payloads() -> None:
    """JSON Schema 2020-12 with the fields at its top, and nothing beyond them."""
    schema = json.loads(bound(rich).signature.schema)
    assert schema["title"] == "a.task"
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["n", "address", "point", "size", "colour", "when", "id"]
    assert schema["properties"]["mode"] == {"enum": ["a", "b"], "default": "a"}
    assert set(schema["$defs"]) == {"Address", "Point", "Size", "Colour"}


def test_a_users_own_payload_type_does_not_get_in_the_way() -> None:
    """The schema's own struct has no name that an author could not use too."""

    class Payload(msgspec.Struct):
        n: int

    async def handler(payload: Payload) -> None: ...

    schema = json.loads(bound(handler).signature.schema)
    assert list(schema["properties"]) == ["payload"]


def test_decorators_that_wrap_keep_the_signature() -> None:
    """`functools.wraps` is followed to the author's own function."""

    def traced(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await function(*args, **kwargs)

        return wrapper

    @traced
    async def handler(ctx: Context, n: int) -> None: ...

    task = bound(handler)
    assert (task.takes_context, task.is_async) == (True, True)
    assert task.signature.arguments(b'{"n":1}') == {"n": 1}


def test_known_tasks_answer_to_all_their_names() -> None:
    """Aliases run the same handler and are declared as well."""
    tasks = Tasks()
    tasks.task("a.task", queue="q1", aliases=("old",))(lambda: None)
    tasks.task("b.task", queue="q2")(lambda: None)
    known = KnownTasks.of(tasks, MsgspecCodec())
    assert known.by_name["old"] is known.by_name["a.task"]
    assert known.queues == ("q1", "q2")
    assert [(each.id, each.queue) for each in known.declarations()] == [
        ("a.task", "q1"),
        ("old", "q1"),
        ("b.task", "q2"),
    ]


def test_a_pydantic_model_is_used_as_one() -> None:
    """Where pydantic is installed its models validate, give their schema and are written; nothing here needs it."""

    class Model:
        """What of pydantic's BaseModel counts."""

        __pydantic_core_schema__ = None

        def __init__(self, n: int) -> None:
            self.n = n

        @classmethod
        def model_validate(cls, value: Any) -> "Model":
            if not isinstance(value["n"], int):
                raise ValueError("n must be an int")  # noqa: TRY004 - as pydantic's own does
            return cls(value["n"])

        @classmethod
        def model_json_schema(cls, *, ref_template: str) -> dict[str, Any]:
            inner = {"$ref": ref_template.format(model="Inner")}
            return {
                "type": "object",
                "title": "Model",
                "properties": {"n": inner},
                "$defs": {"Inner": {"type": "integer"}},
            }

        def model_dump(self, *, mode: str) -> dict[str, Any]:
            return {"n": self.n, "mode": mode}

    async def handler(model: Model) -> None: ...

    signature = bound(handler).signature
    assert signature.arguments(b'{"model":{"n":1}}')["model"].n == 1
    with pytest.raises(PayloadInvalid) as refused:
        signature.arguments(b'{"model":{"n":"x"}}')
    assert refused.value.violations[0].pointer == "/model"
    assert MsgspecCodec().encode(Model(1), 100) == b'{"n":1,"mode":"json"}'
    schema = json.loads(signature.schema)
    model = schema["properties"]["model"]
    assert (model["title"], model[LENIENT]) == ("Model", True)
    name = model["properties"]["n"]["$ref"].removeprefix("#/$defs/")
    assert schema["$defs"][name] == {"type": "integer"}
