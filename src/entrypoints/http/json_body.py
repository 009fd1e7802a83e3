"""Reads a body that may be hostile: what gets past here is JSON that PostgreSQL and every client can hold."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from .problems import Problem
from .wire import FieldProblem

DEPTH = 64
"""A payload may be nested this deeply, itself included."""

_WORDS = 300

Form = TypeVar("Form")

_BOM = b"\xef\xbb\xbf"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_MEMBER = re.compile(r"(?:unknown field|missing required field) `(?P<name>.*)`$", re.DOTALL)


def decode(document: bytes, decoder: msgspec.json.Decoder[Form]) -> Form:
    """Return `document` in the form that `decoder` knows; raise `Problem` with the pointer to what is wrong."""
    if document.startswith(_BOM):
        raise Problem("invalid-json", "The body begins with a byte order mark.")
    try:
        return decoder.decode(document)
    except msgspec.ValidationError as error:
        raise invalid("invalid-body", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem("invalid-json", f"The body is not JSON in UTF-8: {_words(error)}.") from error
    except RecursionError as error:
        raise _too_deep() from error


def refuse_nul(document: bytes) -> None:
    r"""Raise `Problem` if any text in `document` holds an escaped NUL; a bare one is no JSON anyway."""
    if b"\\u0000" in document and _NUL.search(document):
        raise Problem("nul-not-allowed", "A text in the body holds \\u0000, which PostgreSQL cannot store.")


def check_payload(payload: bytes) -> None:
    """Raise `Problem` if a raw payload holds what only a full reading finds.

    The decoder passes a raw part over: it sees neither broken UTF-8, nor numbers out of range, nor the depth.
    """
    try:
        value = msgspec.json.decode(payload)
    except msgspec.ValidationError as error:
        raise _payload_problem("invalid-json", _PLACE.sub(r"\g<what>", str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _payload_problem("invalid-json", _words(error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    # Most payloads have too few brackets to be deep, and counting bytes is cheap.
    if payload.count(b"[") + payload.count(b"{") > DEPTH and _deeper(value, DEPTH):
        raise _too_deep()


def invalid(code: str, message: str) -> Problem:
    """Return the problem that a `msgspec.ValidationError` message tells of, its path turned into a JSON pointer."""
    found = _PLACE.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    member = _MEMBER.search(what)
    pointer = "".join(f"/{escape(name or index)}" for name, index in _STEP.findall(path))
    if member:
        pointer += f"/{escape(member['name'])}"
    what = clip(what)
    return Problem(code, f"{what}.", errors=(FieldProblem(detail=what, code="invalid", pointer=pointer),))


def escape(step: str) -> str:
    """Return a member name as a step of a JSON pointer (RFC 6901), clipped lest a caller's text flood the answer."""
    return step[:100].replace("~", "~0").replace("/", "~1")


def clip(text: str) -> str:
    """Return what is told of a fault, not longer than one cares to read: a caller's own text may be part of it."""
    return text if len(text) <= _WORDS else f"{text[:_WORDS]}…"


def _deeper(value: Any, levels: int) -> bool:
    """Tell whether `value` is nested more than `levels` deep, level by level: no recursion for hostile depth."""
    level = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _inside(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _too_deep() -> Problem:
    return Problem("too-deep", f"The body is nested more than {DEPTH} levels deep.")


def _payload_problem(code: str, what: str) -> Problem:
    field = FieldProblem(detail=what, code="invalid", pointer="/payload")
    return Problem(code, f"The payload is not JSON that can be kept: {what}.", errors=(field,))


def _words(error: Exception) -> str:
    return "invalid UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
