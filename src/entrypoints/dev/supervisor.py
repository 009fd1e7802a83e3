"""Keeps programs running: what dies is started again, what is to end is ended in order."""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress

import attrs

from .console import Console
from .places import Places
from .program import Program, Running, described

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
STEADY_S = 10.0
"""A program that ran this long has its next failure counted as the first again."""


@attrs.define
class Supervisor:
    """Runs `programs` until told to stop; stops them in the order in which they are listed."""

    programs: Sequence[Program]
    console: Console
    places: Places
    hurry: asyncio.Event = attrs.field(factory=asyncio.Event)
    _running: dict[str, Running] = attrs.field(factory=dict)
    _stopping: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def run(self) -> None:
        """Start every program and keep each running; return once all have been stopped."""
        async with asyncio.TaskGroup() as group:
            for program in self.programs:
                group.create_task(self._keep(program))

    async def stop(self) -> None:
        """Stop the programs one after the other."""
        self._stopping.set()
        for program in self.programs:
            running = self._running.get(program.name)
            if running is not None and not await running.stop(self.hurry):
                self.console.say(f"{program.name} (pid {running.pid}) did not stop by itself and was ended")

    async def _keep(self, program: Program) -> None:
        wait = FIRST_WAIT_S
        while not self._stopping.is_set():
            started = time.monotonic()
            running = await self._start(program)
            code = await running.ended()
            if self._stopping.is_set():
                return
            wait = FIRST_WAIT_S if time.monotonic() - started >= STEADY_S else wait
            self.console.say(f"{program.name} (pid {running.pid}) {described(code)}; starting it again in {wait:.1f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _start(self, program: Program) -> Running:
        running = await Running.start(program, self.console, self.places.logs)
        self._running[program.name] = running
        self.console.say(f"{program.name} started (pid {running.pid})")
        self._note()
        if self._stopping.is_set():  # it was started while the others were being stopped
            await running.stop(self.hurry)
        return running

    def _note(self) -> None:
        """Write down who runs, for people and for the tour."""
        pids = {name: running.pid for name, running in self._running.items()}
        fresh = self.places.processes.with_suffix(".new")
        fresh.write_text(json.dumps(pids) + "\n")
        fresh.replace(self.places.processes)
