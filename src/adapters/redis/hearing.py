"""What came in from Redis, for the one loop of this process that receives."""

import asyncio
from collections.abc import Collection
from datetime import timedelta

import attrs

from ...application.ports.queue import Received
from ...domain.ids import JobId
from .names import HELLO, LOOK, READY, STOP, read_ids

CANCELS_KEPT = 1_000
"""A hint may be lost: more than these are not kept for a queue that nobody asks about."""


@attrs.define(eq=False)
class Hearing:
    """Remembers for each queue that ids may wait, that one should look, and what is to stop."""

    heard_hello: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _ready: set[str] = attrs.field(factory=set, init=False)
    _look: set[str] = attrs.field(factory=set, init=False)
    _cancels: dict[str, set[JobId]] = attrs.field(factory=dict, init=False)
    _waiting: "set[asyncio.Future[None]]" = attrs.field(factory=set, init=False)

    def hear(self, queue: str, said: bytes) -> None:
        """Take note of what was said about `queue`; what nobody of ours can have said is passed over."""
        word, *words = said.split(b" ")
        match word:
            case _ if word == READY:
                self._ready.add(queue)
            case _ if word == LOOK:
                self._look.add(queue)
            case _ if word == STOP:
                self._note_cancels(queue, read_ids(words))
            case _ if word == HELLO:
                self.heard_hello.set()
                return
            case _:
                return
        self.wake()

    def may_have(self, queues: Collection[str]) -> None:
        """Take it that ids may wait in `queues`."""
        self._ready.update(queues)

    def is_empty(self, queue: str) -> None:
        """Note that no more ids are due in `queue`."""
        self._ready.discard(queue)

    def ready(self, queues: Collection[str]) -> list[str]:
        """Return those of `queues`, in their order, where ids may wait."""
        return [queue for queue in queues if queue in self._ready]

    def take(self, queues: Collection[str]) -> Received:
        """Return what concerns `queues`, and forget it."""
        look = self._look.intersection(queues)
        self._look -= look
        cancels = [self._cancels.pop(queue) for queue in queues if queue in self._cancels]
        return Received(frozenset(look), (), frozenset().union(*cancels))

    def look_everywhere(self, queues: Collection[str]) -> None:
        """Have every one of `queues` looked into: what was said about them may have been missed."""
        self._ready.update(queues)
        self._look.update(queues)
        self.wake()

    def wake(self) -> None:
        """End the waits under way."""
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)

    async def wait(self, longest: timedelta) -> None:
        """Wait until something comes in, at most `longest`."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(turn)
        try:
            async with asyncio.timeout(longest.total_seconds()):
                await turn
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(turn)

    def _note_cancels(self, queue: str, job_ids: Collection[JobId]) -> None:
        kept = self._cancels.setdefault(queue, set())
        if len(kept) + len(job_ids) <= CANCELS_KEPT:
            kept.update(job_ids)
