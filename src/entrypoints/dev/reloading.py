"""Runs a command again whenever the sources change: polls them, for that needs no library and works on any volume."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import attrs

from .postgres import leashed
from .program import described

LOOK_S = 0.5
FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 10.0
STEADY_S = 10.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})

State: TypeAlias = dict[Path, tuple[int, int]]


@attrs.frozen
class Sources:
    """The Python files below a folder, without those of environments and of hidden folders."""

    root: Path

    def state(self) -> State:
        """Return when each was last written, and how large it is."""
        found: State = {}
        for path in self._files():
            with suppress(OSError):  # it may vanish meanwhile
                told = path.stat()
                found[path] = told.st_mtime_ns, told.st_size
        return found

    def _files(self) -> Iterator[Path]:
        for folder, inner, names in os.walk(self.root):
            here = Path(folder)
            inner[:] = [
                name
                for name in inner
                if not name.startswith(".") and name not in SKIPPED and not (here / name / "pyvenv.cfg").exists()
            ]
            yield from (here / name for name in names if name.endswith(".py"))

    async def changed(self) -> Path:
        """Wait for a change and return the file that was written, made or removed."""
        before = await asyncio.to_thread(self.state)
        while True:
            await asyncio.sleep(LOOK_S)
            now = await asyncio.to_thread(self.state)
            for path in before.keys() | now.keys():
                if before.get(path) != now.get(path):
                    return path


@attrs.define
class Reloader:
    """Keeps one process of `command` running, a fresh one after each change; ends with it when it ends well."""

    command: tuple[str, ...]
    sources: Sources
    say: Callable[[str], None]
    _process: asyncio.subprocess.Process | None = None
    _stop: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def run(self) -> int:
        """Run until a signal, or until the command ends by itself with 0; return its exit code."""
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._heed, number)
        wait = FIRST_WAIT_S
        while True:
            began = time.monotonic()
            changed = asyncio.create_task(self.sources.changed())
            code = await self._one(changed)
            if self._stop.is_set() or code == 0:
                changed.cancel()
                return code or 0
            if code is not None:
                wait = FIRST_WAIT_S if time.monotonic() - began >= STEADY_S else wait
                self.say(f"the process {described(code)}; starting it again after a change, or in {wait:.1f} s")
                await self._first(changed, asyncio.create_task(self._stop.wait()), within=wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
            changed.cancel()
            if self._stop.is_set():
                return 0

    async def _one(self, changed: "asyncio.Task[Path]") -> int | None:
        """Run one process; return its exit code, `None` if it was ended because of a change."""
        # A session of its own: Ctrl-C in a terminal reaches it once, through us.
        process = await asyncio.create_subprocess_exec(
            *leashed([*self.command], signal.SIGKILL), start_new_session=True
        )
        self._process = process
        ended = asyncio.create_task(process.wait())
        await self._first(ended, changed)
        if ended.done() or self._stop.is_set():
            return await ended
        self.say(f"{_short(changed.result(), self.sources.root)} changed; starting afresh")
        self._tell(signal.SIGTERM)
        code = await ended
        return code if self._stop.is_set() else None

    @staticmethod
    async def _first(
        *tasks: "asyncio.Task[Path] | asyncio.Task[int] | asyncio.Task[bool]", within: float | None = None
    ) -> None:
        await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)

    def _heed(self, number: signal.Signals) -> None:
        self._stop.set()
        self._tell(number)

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


def _short(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
