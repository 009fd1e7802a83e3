"""Job ids through Redis: a queue of its own for each of ours, and a signal; PostgreSQL says what is true of them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from ...application.ports.queue import QueueHealth, Received
from ...application.ports.telemetry import Log
from ...domain.events import CancelRequested, JobQueued
from ...domain.ids import JobId
from .address import read_address
from .connection import ANSWER_S, CONNECT_S, TROUBLE, close_client, open_client
from .hearing import Hearing
from .keeping import Keeper
from .looks import Looks
from .names import Names
from .popping import Popper
from .publishing import Publisher
from .state import State

MOST_IDS = 100_000
"""How many ids Redis keeps of one queue: about 10 MB. Those farthest from their turn are dropped."""


class RedisJobQueue:
    """A `JobQueue` over one Redis, which may go away, be emptied, or be full of rubbish at any time."""

    def __init__(self, url: str, log: Log, *, prefix: str = "equeue", most: int = MOST_IDS) -> None:
        names = Names(prefix)
        self._client = open_client(read_address(url))
        self._names = names
        self._state = State(log)
        self._hearing = Hearing()
        self._keeper = Keeper(self._client, names, self._hearing, self._state)
        self._publisher = Publisher(self._client, names, self._state, most)
        self._looks = Looks(self._client, names, self._state)
        self._popper = Popper(self._client, names, self._hearing)
        self._closed = False

    async def publish(self, ready: Sequence[JobQueued]) -> None:
        """Tell waiting workers of committed jobs."""
        self._start()
        self._publisher.say(ready=ready)

    async def receive(self, queues: Sequence[str], timeout: timedelta, limit: int = 1_000) -> Received:
        """Wait until something comes in for one of `queues`."""
        self._start()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout.total_seconds()
        await self._keeper.listen_to(queues)
        while not self._closed:
            received = await self._look(queues, limit)
            left = end - loop.time()
            if left <= 0:
                self._hearing.may_have(queues)  # a signal may have been lost: the next call asks Redis itself
            if received or left <= 0:
                return received
            await self._wait(queues, left, limit)
        return Received()

    async def ring(self, cancels: Sequence[CancelRequested], look: Sequence[str] = ()) -> None:
        """Tell the workers that hold these jobs to stop them, and those of the queues `look` to look."""
        self._start()
        self._publisher.say(cancels=cancels)
        self._looks.say(look)

    async def depth(self, queue: str) -> int | None:
        """Return how many ids wait for `queue`; `None` while Redis is away."""
        if self._state.trouble or self._closed:
            return None
        try:
            async with asyncio.timeout(ANSWER_S):
                return int(await self._client.execute_command("ZCARD", self._names.ids(queue)))
        except TROUBLE:
            return None

    async def health(self) -> QueueHealth:
        """Say whether hints flow; before anything is known, find out."""
        if self._closed:
            return QueueHealth(ok=False, detail="the queue is closed")
        self._start()
        try:
            async with asyncio.timeout(CONNECT_S + 2 * ANSWER_S):
                await self._state.known.wait()
        except TimeoutError:
            return QueueHealth(ok=False, detail="Redis has not answered yet")
        state = self._state
        return QueueHealth(not state.trouble, state.trouble, True, state.troubles, state.dropped)

    async def close(self) -> None:
        """Give back the connections; what is still to be said is said first."""
        self._closed = True
        self._hearing.wake()
        await self._looks.close()
        await self._publisher.close()
        await self._keeper.close()
        try:
            async with asyncio.timeout(ANSWER_S):
                await close_client(self._client)
        except TROUBLE:
            return

    def _start(self) -> None:
        if not self._closed:
            self._keeper.start()

    async def _look(self, queues: Sequence[str], limit: int) -> Received:
        told = self._hearing.take(queues)
        ids = await self._pop(queues, limit)
        return Received(told.queues, ids, told.cancels)

    async def _pop(self, queues: Sequence[str], limit: int) -> tuple[JobId, ...]:
        if self._state.trouble:
            return ()
        try:
            return await self._popper.pop(queues, limit)
        except TROUBLE as error:
            if self._state.failed(error):
                self._hearing.look_everywhere(queues)
            return ()

    async def _wait(self, queues: Sequence[str], longest: float, limit: int) -> None:
        if self._closed or (limit and not self._state.trouble and self._hearing.ready(queues)):
            return
        due = self._popper.next_due(queues) if limit else None
        await self._hearing.wait(timedelta(seconds=longest if due is None else min(longest, due)))
