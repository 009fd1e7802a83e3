"""`If-Match`: a change is made only to what its caller has read, so that nobody's change is lost."""

import re
from collections.abc import Mapping

from .problems import Problem

HEADER = "if-match"
ANY = "*"
_TAGS = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


def require_condition(headers: Mapping[str, str]) -> None:
    """Raise `Problem` unless the request says what it was made for."""
    if HEADER not in headers:
        raise Problem("precondition-required", "Send If-Match with the ETag that you read.")


def fits(headers: Mapping[str, str], etag: str) -> bool:
    """Tell whether `etag` is what the caller has read; `*` is whatever is there, and a weak tag is nothing strong."""
    given = headers.get(HEADER, "").strip()
    return given == ANY or any(not weak and tag == etag for weak, tag in _TAGS.findall(given))


def stale() -> Problem:
    """Return the answer to a change of what has changed since it was read."""
    return Problem("stale", "It changed since you read it. Read it again and repeat.")
