"""Payloads and results by msgspec: plain JSON types, attrs, dataclasses, msgspec structs, and pydantic if installed."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import msgspec

from ..application.payload_schema import LENIENT
from ..application.ports.codec import REQUIRED, PayloadField, Signature, Unencodable
from ..domain.errors import PayloadInvalid, Violation
from ..domain.ids import Json

_PATH: Final = re.compile(r" - at `\$?(?P<path>.*)`$", re.DOTALL)
_FIELD: Final = re.compile(r"`(?P<name>[^`]+)`$")
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


@attrs.frozen
class MsgspecSignature:
    """A handler's payload fields as one struct, its decoder built beforehand."""

    schema: Json
    _decode: Callable[[bytes], msgspec.Struct] = attrs.field(alias="decode")

    def arguments(self, payload: Json) -> dict[str, Any]:
        """Return the handler's arguments, or raise `PayloadInvalid` with a pointer to what does not fit."""
        try:
            return msgspec.structs.asdict(self._decode(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as refused:
            raise _invalid(refused) from refused

    def payload(self, arguments: Mapping[str, Any]) -> Json:
        """Return `arguments` as a payload; they must survive the way there and back."""
        try:
            encoded = encode(dict(arguments))
        except Unencodable as refused:
            raise PayloadInvalid((Violation("", str(refused)),)) from refused
        self.arguments(encoded)
        return encoded


@attrs.frozen
class MsgspecCodec:
    """Reads payloads into handlers' types and writes what handlers return."""

    def signature(self, task: str, fields: Sequence[PayloadField]) -> Signature:
        """Return the signature made of `fields`; `TypeError` for a type that JSON cannot carry."""
        struct = msgspec.defstruct(
            "Payload",
            [_struct_field(field) for field in fields],
            forbid_unknown_fields=True,
            kw_only=True,
            gc=False,
        )
        decoder = msgspec.json.Decoder(struct, dec_hook=_from_builtins)
        models: dict[str, Any] = {}
        document = msgspec.json.schema(struct, schema_hook=lambda kind: _schema_of(kind, models))
        return MsgspecSignature(msgspec.json.encode(_titled(document, task, models)), decoder.decode)

    def encode(self, value: object, limit: int) -> Json:
        """Return `value` as storable JSON of at most `limit` bytes, or raise `Unencodable`."""
        if value is None:
            return b"null"
        encoded = encode(value)
        if len(encoded) > limit:
            raise Unencodable(f"it has {len(encoded)} bytes as JSON, and {limit} is the most that is kept")
        return encoded


def encode(value: object) -> Json:
    """Return `value` as JSON that PostgreSQL's jsonb takes; raise `Unencodable` for what it could not hold."""
    try:
        encoded = _encoder.encode(value)
        # msgspec writes NaN as null and passes NUL: looked for only where the bytes leave room for the suspicion
        if b"null" in encoded or b"\\u0000" in encoded:
            _refuse_unstorable(msgspec.to_builtins(value, enc_hook=_to_builtins, str_keys=True))
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as refused:
        raise Unencodable(str(refused) or type(refused).__name__) from refused
    return encoded


def _refuse_unstorable(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON has no NaN and no Infinity")
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("text with a NUL character cannot be stored")
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key)
            _refuse_unstorable(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            _refuse_unstorable(inner)


def _struct_field(field: PayloadField) -> Any:
    if field.default is REQUIRED:
        return (field.name, field.type)
    default = field.default
    if default is None or isinstance(default, bool | int | float | str):
        return (field.name, field.type, default)
    return (field.name, field.type, msgspec.field(default_factory=lambda: default))


def _titled(document: dict[str, Any], task: str, models: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the payload's own properties at its top, as people expect to read it."""
    shared = {**document.get("$defs", {}), **models}
    payload = shared.pop(document["$ref"].rpartition("/")[2]) if "$ref" in document else document
    top = {"$schema": "https://json-schema.org/draft/2020-12/schema", **payload, "title": task}
    return {**top, "$defs": shared} if shared else top


def _is_pydantic(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "__pydantic_core_schema__") and hasattr(kind, "model_validate")


def _from_builtins(kind: Any, value: Any) -> Any:
    if _is_pydantic(kind):
        return kind.model_validate(value)  # its ValidationError is a ValueError, which msgspec reports with the path
    raise NotImplementedError(f"JSON cannot be read into {kind!r}")


def _to_builtins(value: Any) -> Any:
    if _is_pydantic(type(value)):
        return value.model_dump(mode="json")
    raise TypeError(f"a {type(value).__qualname__} cannot be written as JSON")


def _schema_of(kind: Any, models: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a pydantic model, to be read only: its decoder takes `"5"` for a 5, and more.

    The models within it go to `models`, for what refers to them looks at the top of the whole document.
    """
    if _is_pydantic(kind):
        named = f"{kind.__qualname__}.{{model}}"
        document: dict[str, Any] = kind.model_json_schema(ref_template=f"#/$defs/{named}")
        models.update({named.format(model=name): inner for name, inner in document.pop("$defs", {}).items()})
        return {**document, LENIENT: True}
    raise TypeError(f"JSON cannot carry {kind!r}")


_encoder = msgspec.json.Encoder(enc_hook=_to_builtins)


def _invalid(refused: Exception) -> PayloadInvalid:
    message = str(refused) or type(refused).__name__
    pointer = ""
    if found := _PATH.search(message):
        pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(found["path"]))
        message = message[: found.start()]
    if "unknown field" in message and (named := _FIELD.search(message)):
        pointer += f"/{named['name']}"
    return PayloadInvalid((Violation(pointer, message),))
