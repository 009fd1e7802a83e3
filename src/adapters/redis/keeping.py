"""The keeper: listens, and makes sure again and again that what is said in Redis is heard."""

import asyncio
import os
import random
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import attrs

from .connection import ANSWER_S, CONNECT_S, TROUBLE, Client
from .ending import ended
from .hearing import Hearing
from .names import HELLO, Names
from .scripts import add, pop
from .state import State

PROBE_S = 2.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
STEADY_S = 10.0
"""Trouble that comes back sooner than this counts as the same, and the next attempt waits longer."""
PROBE_TTL_S = 60


class Suspected(Exception):
    """Somebody in this process could not do what he wanted with Redis; it has to be made sure anew that it works."""


@attrs.define(eq=False)
class Keeper:
    """One task. It alone decides that Redis works again: once ids, signals and writes go all the way round."""

    _client: Client
    _names: Names
    _hearing: Hearing
    _state: State
    _queues: set[str] = attrs.field(factory=set, init=False)
    _own: str = attrs.field(factory=lambda: f"_{os.getpid()}.{random.getrandbits(32):08x}", init=False)
    _pubsub: Any = attrs.field(default=None, init=False)
    _task: "asyncio.Task[None] | None" = attrs.field(default=None, init=False)

    def start(self) -> None:
        """Keep from now on."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name="equeue-redis")

    async def listen_to(self, queues: Collection[str]) -> None:
        """Hear what is said about `queues` too."""
        new = set(queues) - self._queues
        if not new:
            return
        self._queues |= new
        self._hearing.may_have(new)
        if self._pubsub is not None:
            with suppress(*TROUBLE):  # the keeper's own loop finds out about it
                async with asyncio.timeout(ANSWER_S):
                    await self._pubsub.subscribe(*map(self._names.channel, new))

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            await ended(self._task)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._serve()
            except (*TROUBLE, Suspected) as error:
                if not isinstance(error, Suspected) and self._state.failed(error):
                    self._hearing.look_everywhere(self._queues)
            if asyncio.get_running_loop().time() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _serve(self) -> None:
        """Listen and probe until something is wrong, and raise what it is."""
        pubsub: Any = self._client.pubsub()
        try:
            async with asyncio.timeout(CONNECT_S + ANSWER_S):
                await pubsub.subscribe(*map(self._names.channel, (self._own, *self._queues)))
            self._pubsub, self._hearing.heard_hello = pubsub, asyncio.Event()
            reading = asyncio.create_task(self._read(pubsub), name="equeue-redis-read")
            try:
                await self._watch(reading)
            finally:
                await ended(reading)
        finally:
            self._pubsub = None
            with suppress(*TROUBLE):
                async with asyncio.timeout(ANSWER_S):
                    await pubsub.aclose()

    async def _watch(self, reading: "asyncio.Task[None]") -> None:
        while True:
            await self._probe(reading)
            if self._state.works():
                self._hearing.look_everywhere(self._queues)
            suspected = asyncio.create_task(self._state.suspected.wait())
            try:
                await asyncio.wait(
                    {reading, suspected},
                    timeout=PROBE_S * random.uniform(0.5, 1.5),
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                suspected.cancel()
            if self._state.suspected.is_set():
                raise Suspected

    async def _probe(self, reading: "asyncio.Task[None]") -> None:
        """Write an id, hear of it, take it back: what a hint goes through, in a queue of our own."""
        hello = self._hearing.heard_hello
        hello.clear()
        key = self._names.ids(self._own)
        async with asyncio.timeout(ANSWER_S):
            now = datetime.now(UTC).timestamp()
            await add.run(self._client, key, self._names.channel(self._own), HELLO, 1, PROBE_TTL_S, now, "hello")
            await pop.run(self._client, key, 1)
            heard = asyncio.create_task(hello.wait())
            try:
                await asyncio.wait({reading, heard}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                heard.cancel()
        if reading.done():
            reading.result()
            raise ConnectionResetError("the subscription ended")

    async def _read(self, pubsub: Any) -> None:
        async for message in pubsub.listen():
            if message["type"] == "message":
                self._hearing.hear(self._names.queue(message["channel"].decode()), message["data"])
