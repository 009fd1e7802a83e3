"""How people write values on a command line."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .exits import Exit, Stop

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def duration(text: str) -> timedelta:
    """Return the time that `text` names: `90`, `90s`, `10m`, `1h30m`, `2d`."""
    pieces = _PIECE.findall(text)
    if pieces and "".join(number + unit for number, unit in pieces) == text:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in pieces))
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        raise Stop(f"'{text}' is no duration; write 90s, 10m, 1h30m or 2d", Exit.USAGE) from None


def instant(text: str) -> str:
    """Return the instant that `text` names (RFC 3339): itself, or so long from now as a duration says."""
    if not _PIECE.match(text):
        return text
    try:
        return (datetime.now(UTC) + duration(text)).isoformat()
    except (Stop, OverflowError):
        return text


def wishes(
    *,
    queue: str | None = None,
    priority: int | None = None,
    delay: str | None = None,
    at: str | None = None,
    expires: str | None = None,
    retries: int | None = None,
) -> dict[str, Any]:
    """Return the settings of a job as the API takes them; what was not said is left out."""
    said = {
        "queue": queue,
        "priority": priority,
        "delay_s": duration(delay).total_seconds() if delay else None,
        "run_at": at,
        "expires_at": instant(expires) if expires else None,
        "max_retries": retries,
    }
    return {name: value for name, value in said.items() if value is not None}


def moment(text: str) -> datetime:
    """Return the instant that `text` names: so long from now as a duration says, or RFC 3339 with its offset."""
    try:
        found = datetime.fromisoformat(instant(text))
    except ValueError:
        raise Stop(f"'{text}' is no instant; write 90d, or 2027-01-31T12:00:00Z", Exit.USAGE) from None
    if found.tzinfo is None:
        raise Stop(f"'{text}' does not say its offset from UTC; add Z", Exit.USAGE)
    return found


def payload(pairs: Sequence[str], document: str | None) -> dict[str, Any]:
    """Return the payload that `key=value` words and a JSON document make; the words win.

    A value that is JSON counts as such (`n=5`, `on=true`, `to='["a"]'`); anything else is text.
    """
    found = _document(document) if document else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Stop(f"'{pair}' is no key=value; or give the whole payload with --json", Exit.USAGE)
        found[name] = _value(value)
    return found


def _document(source: str) -> dict[str, Any]:
    """Return the JSON object that `source` is, or names by `@file`, or means by `-`: standard input."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source[1:]).read_text() if source[:1] == "@" else source
        document = json.loads(text)
    except (OSError, ValueError) as trouble:
        raise Stop(f"--json {source}: {trouble}", Exit.USAGE) from None
    if not isinstance(document, dict):
        raise Stop(f"--json {source}: a payload is a JSON object", Exit.USAGE)
    return document


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
