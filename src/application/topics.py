"""Tells views which topics changed, so that they read again what they show; one look a tick serves all of them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import attrs

from ..domain.errors import Overloaded, Unavailable
from .ports.platform import Clock
from .ports.runtime import Timers
from .ports.watching import Topic, TopicWatch
from .resting import Rest

EVERY_S: Final = 1.0
LISTENERS: Final = 2_000
"""So many may listen in one process; further ones are sent away."""


@attrs.define(eq=False)
class Listener:
    """One view; what changed is gathered until it asks."""

    _topics: "Topics"
    _changed: set[Topic] = attrs.field(factory=set)
    _turn: Rest = attrs.field(factory=Rest)

    async def next(self, patience: timedelta) -> frozenset[Topic]:
        """Return the topics that changed since the last call; none if nothing does in time."""
        self._topics.wake()
        if not self._changed:
            await self._turn.take(self._topics.timers, patience.total_seconds())
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def tell(self, changed: frozenset[Topic]) -> None:
        """Take what changed."""
        self._changed |= changed
        self._turn.end()


@attrs.define(eq=False)
class Topics:
    """Looks once a second whether anything changed, for as long as anybody listens. It keeps no log."""

    watch: TopicWatch
    clock: Clock
    timers: Timers
    _listeners: list[Listener] = attrs.field(factory=list, init=False)
    _marks: Mapping[Topic, str] | None = attrs.field(default=None, init=False)
    _nap: Rest = attrs.field(factory=Rest, init=False)
    _looking: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Give a listener for a while; raise `Overloaded` if there are too many."""
        if len(self._listeners) >= LISTENERS:
            raise Overloaded
        listener = Listener(self)
        self._listeners.append(listener)
        self.wake()
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            if not self._listeners:
                self._nap.end()

    def wake(self) -> None:
        """See to it that somebody looks for as long as anybody listens."""
        if self._looking is None or self._looking.done():
            self._marks = None  # what changed while nobody looked is nobody's news
            self._looking = asyncio.create_task(self._look_on(), name="equeue-topics")

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))

    async def _look_on(self) -> None:
        while self._listeners:
            await self._look()
            await self._nap.take(self.timers, EVERY_S)

    async def _look(self) -> None:
        before = self._marks
        try:
            self._marks = await self.watch.marks()
        except Unavailable:
            return
        if before is None:
            return
        changed = frozenset(topic for topic, mark in self._marks.items() if before.get(topic) != mark)
        if changed:
            for listener in self._listeners:
                listener.tell(changed)
