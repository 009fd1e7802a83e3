"""What of a task's JSON Schema a payload is judged by: never more than what its worker's own decoder refuses.

A schema says some things otherwise than the decoder does them: a regular expression of another dialect, a tag that may
be left out, a number where a text is named. Judged by those, jobs would be refused that their worker would run. So a
schema is relaxed: what is kept are types, members, bounds and choices, and only where to keep less means to admit more.
References are put in place, and what recurs or grows beyond its bound admits everything. What is left is small, has no
reference to follow and no expression to run, whoever wrote it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

Schema: TypeAlias = Any
"""A JSON Schema as plain Python values."""

LENIENT: Final = "x-equeue-lenient"
"""Marks a part of a schema that says less than its decoder takes, such as a pydantic model's: it is only to be read."""

PARTS: Final = 2_000
"""So many parts a schema may have once its references are in place; what is beyond admits everything."""

DEPTH: Final = 32

_NUMBERS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_TYPES = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})
_REFERRING = ("$ref", "$dynamicRef", "$recursiveRef")


def relaxed(schema: Schema) -> Schema:
    """Return what of `schema` is judged by."""
    return _Relaxing(schema).part(schema, ())


@attrs.define
class _Relaxing:
    root: Schema
    parts: int = 0

    def part(self, schema: Schema, within: tuple[str, ...]) -> Schema:
        """Return one part relaxed; `within` are the references that led here."""
        self.parts += 1
        if schema is False:
            return False
        if not isinstance(schema, Mapping) or schema.get(LENIENT) or self.parts > PARTS:
            return True
        if "$dynamicRef" in schema or "$recursiveRef" in schema or ("$id" in schema and within):
            return True
        if "$ref" in schema:
            return self._referred(schema, within)
        if schema.get("type") == "string" and schema.get("format") == "decimal":
            return True  # the decoder takes a number too
        return self._kept(schema, within)

    def _referred(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> Schema:
        name = schema["$ref"]
        target = _resolved(self.root, name)
        if name in within or len(within) >= DEPTH or target is None:
            return True
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {"allOf": [self.part(target, (*within, name)), self._kept(rest, within)]}

    def _kept(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name, keep in _KEPT.items():
            if name in schema:
                kept.update(keep(self, schema, within))
        return kept

    def types(self, schema: Mapping[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
        given = schema["type"]
        wanted = [given] if isinstance(given, str) else given
        known = isinstance(wanted, Sequence) and bool(wanted) and all(name in _TYPES for name in wanted)
        return {"type": sorted(set(wanted))} if known else {}

    def choices(self, schema: Mapping[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
        given = schema["enum"]
        return {"enum": given} if isinstance(given, list) and given else {}

    def one_choice(self, schema: Mapping[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
        return {"const": schema["const"]}

    def members(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        given = schema["properties"]
        if not isinstance(given, Mapping):
            return {}
        return {"properties": {name: self.part(inner, within) for name, inner in given.items()}}

    def needed(self, schema: Mapping[str, Any], _: tuple[str, ...]) -> dict[str, Any]:
        given, members = schema["required"], schema.get("properties")
        if not isinstance(given, list) or not isinstance(members, Mapping):
            return {}
        needed = [name for name in given if isinstance(name, str) and not _is_tag(members.get(name))]
        return {"required": sorted(set(needed))} if needed else {}

    def others(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        if "patternProperties" in schema or not isinstance(schema.get("properties", {}), Mapping):
            return {}
        return {"additionalProperties": self.part(schema["additionalProperties"], within)}

    def items(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        if isinstance(schema["items"], list) or not isinstance(schema.get("prefixItems", []), list):
            return {}
        return {"items": self.part(schema["items"], within)}

    def first_items(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        given = schema["prefixItems"]
        return {"prefixItems": [self.part(one, within) for one in given]} if isinstance(given, list) and given else {}

    def alternatives(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        given = [schema[name] for name in ("anyOf", "oneOf") if isinstance(schema.get(name), list) and schema[name]]
        each = [{"anyOf": [self.part(one, within) for one in some]} for some in given]
        return each[0] if len(each) == 1 else {}

    def all_of(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        given = schema["allOf"]
        return {"allOf": [self.part(one, within) for one in given]} if isinstance(given, list) and given else {}


def _number(name: str, fits: Callable[[Any], bool]) -> Callable[[_Relaxing, Mapping[str, Any], Any], dict[str, Any]]:
    def keep(_: _Relaxing, schema: Mapping[str, Any], within: Any) -> dict[str, Any]:  # noqa: ARG001 - one shape
        return {name: schema[name]} if fits(schema[name]) and not isinstance(schema[name], bool) else {}

    return keep


_KEPT: Final[Mapping[str, Callable[[_Relaxing, Mapping[str, Any], tuple[str, ...]], dict[str, Any]]]] = (
    MappingProxyType(
        {
            "type": _Relaxing.types,
            "enum": _Relaxing.choices,
            "const": _Relaxing.one_choice,
            "properties": _Relaxing.members,
            "required": _Relaxing.needed,
            "additionalProperties": _Relaxing.others,
            "items": _Relaxing.items,
            "prefixItems": _Relaxing.first_items,
            "anyOf": _Relaxing.alternatives,
            "oneOf": _Relaxing.alternatives,
            "allOf": _Relaxing.all_of,
            **{name: _number(name, lambda given: isinstance(given, int) and given >= 0) for name in _NUMBERS},
            **{name: _number(name, lambda given: isinstance(given, int | float)) for name in _BOUNDS},
        }
    )
)


def _is_tag(member: Schema) -> bool:
    """Tell whether a member can only have one value: a struct's tag is named as needed, and may be left out."""
    return isinstance(member, Mapping) and ("const" in member or len(member.get("enum") or "--") == 1)


def _resolved(root: Schema, reference: object) -> Schema | None:
    """Return what a reference within the document names; `None` for any other."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found
