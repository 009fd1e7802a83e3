"""Telling workers to look: the first time at once, then each queue at most once in a while."""

import asyncio
from collections.abc import Collection

import attrs

from .connection import TROUBLE, Client
from .ending import ended
from .names import LOOK, Names
from .state import State

PAUSE_S = 0.005
"""What is to be told within this is told together: all who serve a queue look, and each look asks PostgreSQL."""

TELL_S = 1.0
"""Words that took longer are given up: the poll finds what they were about."""


@attrs.define(eq=False)
class Looks:
    """Has those who serve queues look there; what cannot be told is dropped."""

    _client: Client
    _names: Names
    _state: State
    _untold: set[str] = attrs.field(factory=set, init=False)
    _task: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def say(self, queues: Collection[str]) -> None:
        """Tell soon."""
        if self._state.trouble or self._closed:
            self._state.dropped += len(queues)
            return
        self._untold.update(queues)
        if self._untold and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._tell_all(), name="equeue-look")

    async def close(self) -> None:
        """Tell what waits, if that is quickly done."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=2 * TELL_S)
            await ended(self._task)

    async def _tell_all(self) -> None:
        while self._untold:
            queues, self._untold = self._untold, set()
            try:
                async with asyncio.timeout(TELL_S):
                    for queue in sorted(queues):
                        await self._client.execute_command("PUBLISH", self._names.channel(queue), LOOK)
            except TROUBLE as error:
                self._state.dropped += len(queues | self._untold)
                self._untold = set()
                self._state.failed(error)
            await asyncio.sleep(PAUSE_S)
