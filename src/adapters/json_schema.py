"""Payloads judged by JSON Schema, with jsonschema-rs; a schema is compiled once, and few are kept."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import attrs
import jsonschema_rs
import msgspec

from ..application.payload_schema import relaxed
from ..domain.errors import Violation
from ..domain.ids import Json

KEPT: Final = 512
"""So many schemas stay compiled, those least used go first."""

FAULTS: Final = 20
"""Nobody reads on after so many."""

_WORDS: Final = 300
_ANYTHING: Final = jsonschema_rs.Draft202012Validator(True)


@attrs.frozen
class CompiledSchemas:
    """A `PayloadSchemas` that keeps what it compiled by the schema itself: one that is declared anew stays as it is."""

    def faults(self, schema: Json, payload: Json) -> Sequence[Violation]:
        """Return what in `payload` does not fit `schema`."""
        validator, value = _compiled(schema), msgspec.json.decode(payload)
        if validator.is_valid(value):
            return ()
        return tuple(islice(_told(validator.iter_errors(value)), FAULTS))


@lru_cache(maxsize=KEPT)
def _compiled(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of what is kept of `schema`; one that admits everything if it is no schema."""
    try:
        kept = relaxed(msgspec.json.decode(schema))
        return jsonschema_rs.Draft202012Validator(kept, retriever=_refuse, validate_formats=False)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return _ANYTHING


def _refuse(uri: str) -> Any:
    """Fetch nothing, whatever a schema names."""
    raise LookupError(uri)


def _told(errors: Iterator[jsonschema_rs.ValidationError]) -> Iterator[Violation]:
    for error in errors:
        path = [_step(step) for step in error.instance_path]
        for name in _members(error.kind) or (None,):
            pointer = "".join(path if name is None else [*path, _step(name)])
            yield Violation(pointer, _clip(error.message))


def _members(kind: Any) -> Sequence[str]:
    """Return the members that a fault is about, if it names any: those beyond the known ones, or the missing one."""
    match kind:
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=unexpected):
            return [str(name) for name in unexpected]
        case jsonschema_rs.ValidationErrorKind.Required(property=name):
            return [str(name)]
        case _:
            return []


def _step(step: str | int) -> str:
    return "/" + str(step)[:100].replace("~", "~0").replace("/", "~1")


def _clip(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"
