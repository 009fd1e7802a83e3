"""Reads query parameters into a form; what the form does not name is refused, so that no typo widens a query."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from .problems import Problem
from .wire import FieldProblem

Form = TypeVar("Form", bound=msgspec.Struct)

_WHOLE = re.compile(r"-?[0-9]{1,20}")
"""The converter would also take `1e2` and `5.0`."""

PARAMETERS = 100
"""No request has a use for more parameters."""


def read_query(query_string: bytes, form: type[Form]) -> Form:
    """Return the parameters in `form`: a member that is a tuple may be repeated, any other is given once."""
    if not query_string:
        return form()
    known = _members(form)
    given: dict[str, Any] = {}
    for name, value in _pairs(query_string):
        field = known.get(name)
        if field is None:
            raise _refusal(name, f"There is no parameter '{_clip(name)}' here", "unknown")
        if _repeats(field.default):
            given.setdefault(name, []).append(value)
        elif name in given:
            raise _refusal(name, f"The parameter '{name}' is given more than once", "repeated")
        elif type(field.default) is int and not _WHOLE.fullmatch(value):
            raise _refusal(name, "Expected a whole number in digits", "invalid")
        else:
            given[name] = value
    return _convert(given, form)


@cache
def _members(form: type[msgspec.Struct]) -> Mapping[str, Any]:
    return {field.encode_name: field for field in msgspec.structs.fields(form)}


def _convert(given: Mapping[str, Any], form: type[Form]) -> Form:
    try:
        return msgspec.convert(given, form, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        name = path.partition("[")[0].rstrip("`")
        raise _refusal(name, what, "invalid") from error


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=PARAMETERS,
        )
    except ValueError as error:
        raise _refusal("", "The query is not percent-encoded UTF-8, or has too many parameters", "invalid") from error


def _repeats(default: object) -> bool:
    return isinstance(default, tuple)


def _refusal(name: str, what: str, code: str) -> Problem:
    parameter = _clip(name)
    detail = f"{what}." if code != "invalid" or not parameter else f"The parameter '{parameter}' is wrong: {what}."
    return Problem("invalid-parameter", detail, errors=(FieldProblem(detail=what, code=code, parameter=parameter),))


def _clip(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:100])
