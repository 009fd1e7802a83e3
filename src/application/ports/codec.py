"""Between JSON documents and a handler's own types; the application knows neither side's library."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

import attrs

from ...domain.ids import Json

REQUIRED: Final = object()
"""The default of a field that has none."""


@attrs.frozen
class PayloadField:
    """One payload field, as a handler's signature declares it."""

    name: str
    type: Any = Any
    default: Any = REQUIRED


class Unencodable(Exception):
    """A handler's value cannot be kept as JSON; the message says what in it and why."""

    code: ClassVar[str] = "unencodable"


class Signature(Protocol):
    """A handler's payload fields, made ready once for many payloads."""

    @property
    def schema(self) -> Json:
        """The JSON Schema (2020-12) of the payload."""
        ...

    def arguments(self, payload: Json) -> dict[str, Any]:
        """Return the handler's arguments, defaults filled in; raise `PayloadInvalid` with pointers if it does not fit.

        A field that the signature does not name does not fit.
        """
        ...

    def payload(self, arguments: Mapping[str, Any]) -> Json:
        """Return `arguments` as a payload that `arguments()` takes; raise `PayloadInvalid` if they do not fit."""
        ...


class PayloadCodec(Protocol):
    """Reads payloads into handlers' types and writes results and progress as JSON."""

    def signature(self, task: str, fields: Sequence[PayloadField]) -> Signature:
        """Return the signature made of `fields`; raise `TypeError` for a type that JSON cannot carry."""
        ...

    def encode(self, value: object, limit: int) -> Json:
        """Return `value` as JSON that the database can hold; raise `Unencodable` otherwise or beyond `limit` bytes."""
        ...
