"""Publishing hints beside whoever has them: he never waits, and while Redis is away they are dropped."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import attrs

from ...domain.events import CancelRequested, JobQueued
from .connection import TROUBLE, Client
from .ending import ended
from .names import READY, Names, cancel_messages
from .scripts import add, scored
from .state import State

PUBLISH_S = 1.0
"""A set of hints that took longer is given up: the publish pass and the poll find its jobs."""

AHEAD = timedelta(hours=1)
"""Jobs due later than this are published when they are nearer."""

KEPT_S = 2 * 3_600
"""A queue of which nothing is heard for so long is forgotten."""

AT_ONCE = 1_000
WAITING = 20_000
"""At most so many hints wait to be sent; more are dropped."""


@attrs.define(eq=False)
class Publisher:
    """Sends what gathered while the last set was under way as the next set."""

    _client: Client
    _names: Names
    _state: State
    _most: int
    _ready: list[JobQueued] = attrs.field(factory=list, init=False)
    _cancels: list[CancelRequested] = attrs.field(factory=list, init=False)
    _task: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def say(self, ready: Sequence[JobQueued] = (), cancels: Sequence[CancelRequested] = ()) -> None:
        """Send hints soon; what cannot be sent is dropped."""
        if self._state.trouble or self._closed or len(self._ready) + len(self._cancels) > WAITING:
            self._state.dropped += len(ready) + len(cancels)
            return
        soon = datetime.now(UTC) + AHEAD
        self._ready.extend(event for event in ready if event.run_at <= soon)
        self._cancels.extend(cancels)
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._send_all(), name="equeue-publish")

    async def close(self) -> None:
        """Send what waits, if that is quickly done."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=2 * PUBLISH_S)
            await ended(self._task)

    @property
    def _waiting(self) -> int:
        return len(self._ready) + len(self._cancels)

    async def _send_all(self) -> None:
        while self._waiting:
            ready, self._ready = self._ready[:AT_ONCE], self._ready[AT_ONCE:]
            cancels, self._cancels = self._cancels, []
            try:
                async with asyncio.timeout(PUBLISH_S):
                    await self._send(ready, cancels)
            except TROUBLE as error:
                self._state.dropped += len(ready) + len(cancels) + self._waiting
                self._ready, self._cancels = [], []
                self._state.failed(error)

    async def _send(self, ready: Sequence[JobQueued], cancels: Sequence[CancelRequested]) -> None:
        for queue, said in cancel_messages(cancels):
            await self._client.execute_command("PUBLISH", self._names.channel(queue), said)
        for queue, events in groupby(sorted(ready, key=_queue), key=_queue):
            key, channel = self._names.ids(queue), self._names.channel(queue)
            await add.run(self._client, key, channel, READY, self._most, KEPT_S, *scored(list(events)))


def _queue(event: JobQueued) -> str:
    return event.queue
