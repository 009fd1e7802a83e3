"""Telling people what happens: events with fields, never a payload or a secret."""

from typing import Protocol, Self


class Log(Protocol):
    """A structured log. `event` is a stable dotted word such as `job.dead`; fields are plain values."""

    def bind(self, **fields: object) -> Self:
        """Return a log that adds `fields` to each line."""
        ...

    def debug(self, event: str, **fields: object) -> object:
        """Note what only a developer looks for."""
        ...

    def info(self, event: str, **fields: object) -> object:
        """Note what an operator reads once: a start, a stop, a recovery."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Note what an operator should know about; nothing is lost."""
        ...

    def error(self, event: str, **fields: object) -> object:
        """Note what an operator should act upon."""
        ...
