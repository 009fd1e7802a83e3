"""A log for processes that have nobody's log at hand: one JSON object a line on standard error."""

import json
import sys
from datetime import UTC, datetime
from typing import Self


class LineLog:
    """Writes what a handler in a child process logs; the worker's own log is out of reach there."""

    def __init__(self, **fields: object) -> None:
        self._fields = fields

    def bind(self, **fields: object) -> Self:
        """Return a log that adds `fields` to each line."""
        return type(self)(**{**self._fields, **fields})

    def debug(self, event: str, **fields: object) -> None:
        """Write one line."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write one line."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write one line."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write one line."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        line = {**self._fields, **fields, "event": event, "level": level, "timestamp": datetime.now(UTC).isoformat()}
        print(json.dumps(line, default=repr), file=sys.stderr, flush=True)  # noqa: T201 - that is what it is for
