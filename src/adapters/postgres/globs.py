"""Patterns in SQL, by LIKE: the globs of a key as `domain.access.admits` means them, and the stars of a filter."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Text, literal, or_

from .models import JobRow

_STARRED: dict[str, str | int | None] = {"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%"}
_STARS = str.maketrans(_STARRED)
_GLOBS = str.maketrans(_STARRED | {"?": "_"})


def like(glob: str) -> str:
    """Return what LIKE understands as `glob`; its own special characters are escaped, `_` is common in names."""
    return glob.translate(_GLOBS)


def starred(pattern: str) -> str:
    """Return what LIKE understands as a pattern of which only the stars are special."""
    return pattern.translate(_STARS)


def in_reach(globs: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a job is in a queue which one of `globs` matches."""
    return or_(*(JobRow.queue.like(literal(like(glob), Text)) for glob in globs))
