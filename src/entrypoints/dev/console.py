"""What `equeue dev` says: its own words, and the lines of its processes with their names before them."""

import os
import sys
from collections import deque
from contextlib import suppress
from typing import TextIO

import attrs

HELD_LINES = 1_000
_COLOURS = {"api": "36", "worker": "35", "equeue": "32"}


@attrs.define
class Console:
    """Writes whole lines to one stream. Lines of processes can be held back while something draws there."""

    stream: TextIO = attrs.field(factory=lambda: sys.stdout)
    width: int = 6
    _held: deque[str] | None = None

    @property
    def is_terminal(self) -> bool:
        """Tell whether a person looks on."""
        return self.stream.isatty()

    def say(self, text: str = "") -> None:
        """Write our own words."""
        self.line("equeue", text)

    def line(self, name: str, text: str) -> None:
        """Write one line of the process `name`."""
        line = f"{self._painted(name)} {text}\n"
        if self._held is None:
            self._write(line)
        else:
            self._held.append(line)

    def hold(self) -> None:
        """Keep lines back, the last thousand of them, if a person looks on; else go on."""
        if self.is_terminal and self._held is None:
            self._held = deque(maxlen=HELD_LINES)

    def release(self) -> None:
        """Write what was held back."""
        held, self._held = self._held, None
        self._write("".join(held or ()))

    def _painted(self, name: str) -> str:
        head = f"{name:<{self.width}} |"
        colour = _COLOURS.get(name)
        if not colour or not self.is_terminal or "NO_COLOR" in os.environ:
            return head
        return f"\x1b[{colour}m{head}\x1b[0m"

    def _write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a terminal that was closed must not keep us from stopping in order
            self.stream.write(text)
            self.stream.flush()
