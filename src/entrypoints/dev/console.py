"""What `equeue dev` says: its own words, and the lines of its processes with their names before them."""

import sys
from contextlib import suppress
from typing import TextIO

import attrs

from ..terminal import wants_colour

US = "equeue"
_COLOURS = {"api": "36", "worker": "35", US: "32"}


@attrs.define
class Console:
    """Writes whole lines to one stream, except while something else draws there."""

    stream: TextIO = attrs.field(factory=lambda: sys.stdout)
    width: int = 6
    _held: list[str] | None = None
    _left_out: int = 0

    def say(self, text: str = "") -> None:
        """Write our own words."""
        self.line(US, text)

    def line(self, name: str, text: str) -> None:
        """Write one line of the process `name`."""
        line = f"{self._painted(name)} {text}\n"
        if self._held is None:
            self._write(line)
        elif name == US:
            self._held.append(line)
        else:
            self._left_out += 1

    def hold(self) -> None:
        """Write nothing for a while, if a person looks on: our own words wait, processes' lines are in their files."""
        if self.stream.isatty():
            self._held = self._held or []

    def release(self, logs: object) -> None:
        """Write what waited, and where to find what was left out."""
        held, left_out = self._held or [], self._left_out
        self._held, self._left_out = None, 0
        self._write("".join(held))
        if left_out:
            self.say(f"{left_out} lines of the processes went only to {logs} meanwhile")

    def _painted(self, name: str) -> str:
        head = f"{name:<{self.width}} |"
        colour = _COLOURS.get(name)
        return f"\x1b[{colour}m{head}\x1b[0m" if colour and wants_colour(self.stream) else head

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that was closed must not keep us from stopping in order
            self.stream.write(text)
            self.stream.flush()
