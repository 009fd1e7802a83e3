"""One process of the development tree: started on a leash, its lines passed on, stopped in order."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import attrs

from .console import Console
from .postgres import leashed

LINE_BYTES = 64 * 1024
FLUSH_S = 1.0


@attrs.frozen
class Program:
    """What to run, under which name, and how long it may take to stop."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = attrs.field(repr=False)
    stop_s: float


@attrs.define
class Running:
    """A program that was started, in a process group of its own, so that Ctrl-C in a terminal does not reach it."""

    program: Program
    process: asyncio.subprocess.Process
    _reader: "asyncio.Task[None]"

    @classmethod
    async def start(cls, program: Program, console: Console, logs: Path) -> "Running":
        """Start `program`; its lines go to the console and to its own file in `logs`."""
        process = await asyncio.create_subprocess_exec(
            *leashed(list(program.command), signal.SIGKILL),
            env=program.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=LINE_BYTES,
        )
        lines = process.stdout or asyncio.StreamReader()
        reader = asyncio.create_task(_pass_on(lines, program.name, console, logs / f"{program.name}.log"))
        return cls(program, process, reader)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    async def ended(self) -> int:
        """Wait for the end, clear away what the process left in its group, and return its exit code."""
        code = await self.process.wait()
        self._signal_group(signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reader), FLUSH_S)
        self._reader.cancel()
        return code

    async def stop(self, hurry: asyncio.Event) -> bool:
        """Ask it to stop, and end it once its time is over or we are in a hurry; tell whether it went by itself."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        went = asyncio.create_task(self.process.wait())
        hurried = asyncio.create_task(hurry.wait())
        await asyncio.wait({went, hurried}, timeout=self.program.stop_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        by_itself = went.done()
        if not by_itself:
            self._signal_group(signal.SIGKILL)
        await went
        return by_itself

    def _signal_group(self, hint: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, hint)


async def _pass_on(lines: asyncio.StreamReader, name: str, console: Console, log: Path) -> None:
    with log.open("ab", buffering=0) as file:
        while True:
            try:
                line = await lines.readuntil(b"\n")
            except asyncio.IncompleteReadError as rest:
                line = rest.partial
            except asyncio.LimitOverrunError as overrun:
                line = await lines.readexactly(overrun.consumed)
            if not line:
                return
            file.write(line)
            console.line(name, line.decode(errors="replace").rstrip("\r\n"))


def described(code: int) -> str:
    """Return in words how a process ended."""
    if code >= 0:
        return f"exited with {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-code).name}"
    return f"was ended by signal {-code}"
