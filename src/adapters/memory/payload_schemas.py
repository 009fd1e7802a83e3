"""Payloads judged by JSON Schema in plain Python: as much of the language as is kept of a schema, and no more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ...application.payload_schema import relaxed
from ...domain.errors import Violation
from ...domain.ids import Json

_KINDS: Mapping[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
}


@attrs.frozen
class MemoryPayloadSchemas:
    """A `PayloadSchemas` that reads the schema anew each time."""

    def faults(self, schema: Json, payload: Json) -> Sequence[Violation]:
        """Return what in `payload` does not fit `schema`."""
        try:
            kept = relaxed(json.loads(schema))
        except (ValueError, RecursionError):
            return ()
        return tuple(_faults(kept, json.loads(payload), ""))


def _faults(schema: Any, value: Any, at: str) -> Iterator[Violation]:
    if schema is False:
        yield Violation(at, "is not allowed")
    if isinstance(schema, bool):
        return
    if not _fits(schema, value):
        yield Violation(at, "does not fit")
    if isinstance(value, dict):
        yield from _in_object(schema, value, at)
    if isinstance(value, list):
        yield from _in_list(schema, value, at)
    for part in schema.get("allOf", ()):
        yield from _faults(part, value, at)
    if "anyOf" in schema and all(any(True for _ in _faults(part, value, at)) for part in schema["anyOf"]):
        yield Violation(at, "fits none of the alternatives")


def _in_object(schema: Mapping[str, Any], value: dict[str, Any], at: str) -> Iterator[Violation]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Violation(f"{at}/{_step(name)}", "is missing")
    for name, inner in value.items():
        part = known.get(name, schema.get("additionalProperties", True))
        yield from _faults(part, inner, f"{at}/{_step(name)}")


def _in_list(schema: Mapping[str, Any], value: list[Any], at: str) -> Iterator[Violation]:
    first = schema.get("prefixItems", [])
    for place, inner in enumerate(value):
        part = first[place] if place < len(first) else schema.get("items", True)
        yield from _faults(part, inner, f"{at}/{place}")


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    if "type" in schema and not any(_is(kind, value) for kind in schema["type"]):
        return False
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return False
    if "const" in schema and not _same(value, schema["const"]):
        return False
    return all(_within(schema, word, length) for word, length in _lengths(value)) and _in_bounds(schema, value)


def _is(kind: str, value: Any) -> bool:
    if kind == "integer":
        return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value % 1 == 0))
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _lengths(value: Any) -> Iterator[tuple[str, int]]:
    for kind, word in ((str, "Length"), (list, "Items"), (dict, "Properties")):
        if isinstance(value, kind):
            yield word, len(value)


def _within(schema: Mapping[str, Any], word: str, length: int) -> bool:
    return bool(schema.get(f"min{word}", 0) <= length <= schema.get(f"max{word}", length))


def _in_bounds(schema: Mapping[str, Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return bool(low <= value <= high and (above is None or value > above) and (below is None or value < below))


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
