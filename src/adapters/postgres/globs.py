"""The globs of a key in SQL: what `domain.access.admits` says, by LIKE."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Text, literal, or_

from .models import JobRow

_SPECIAL: dict[str, str | int | None] = {"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%", "?": "_"}
_TABLE = str.maketrans(_SPECIAL)


def like(glob: str) -> str:
    """Return what LIKE understands as `glob`; its own special characters are escaped, `_` is common in names."""
    return glob.translate(_TABLE)


def in_reach(globs: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a job is in a queue which one of `globs` matches."""
    return or_(*(JobRow.queue.like(literal(like(glob), Text)) for glob in globs))
