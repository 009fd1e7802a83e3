"""What can happen to a Redis while jobs flow: each trouble goes on until it is told to stop, then clears up."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, TypeAlias
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.redis_servers import RedisServer

KEY = "equeue:{default}:ids"
RUBBISH = 100_000
Trouble: TypeAlias = Callable[[RedisServer], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def meanwhile(work: Any) -> AsyncIterator[None]:
    """Do `work` again and again until the block ends."""

    async def go_on() -> None:
        while True:
            with suppress(RedisError, OSError):
                await work()

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


@asynccontextmanager
async def client_of(server: RedisServer) -> AsyncIterator["Redis"]:
    """Give a client that dies with its server's connections and comes back."""
    async with Redis(host="127.0.0.1", port=server.port, socket_timeout=2) as client:
        yield client


@asynccontextmanager
async def flushed(server: RedisServer) -> AsyncIterator[None]:
    """FLUSHALL each 100 ms."""
    async with client_of(server) as client:

        async def flush() -> None:
            await client.flushall()
            await asyncio.sleep(0.1)

        async with meanwhile(flush):
            yield


@asynccontextmanager
async def killed(server: RedisServer) -> AsyncIterator[None]:
    """Kill -9 and a start, each second."""

    async def kill() -> None:
        await asyncio.sleep(0.5)
        server.kill()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)

    task = asyncio.create_task(_for_ever(kill))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        server.kill()
        await asyncio.to_thread(server.start)


async def _for_ever(work: Any) -> None:
    while True:
        await work()


@asynccontextmanager
async def littered(server: RedisServer) -> AsyncIterator[None]:
    """A hundred thousand ids that are stale, foreign, doubled or none at all, most of them first in their queue."""
    rubbish = [str(uuid4()) for _ in range(RUBBISH // 2)]
    rubbish += [
        random.choice(("", "x" * 36, "-" * 36, "\x00\xff", str(n), f"{{{uuid4()}}}")) + str(n)
        for n in range(RUBBISH // 2)
    ]
    async with client_of(server) as client:
        for start in range(0, len(rubbish), 1_000):
            scores = {
                word: random.choice((-1.0, 0.0, 5e13, 9e13, 5e15, float("inf")))
                for word in rubbish[start : start + 1_000]
            }
            await client.zadd(KEY, scores)
        yield


@asynccontextmanager
async def mistyped(server: RedisServer) -> AsyncIterator[None]:
    """Keys of ours that hold something else, again and again."""
    async with client_of(server) as client:

        async def mistype() -> None:
            kind = random.choice(("string", "list", "hash"))
            await client.delete(KEY)
            if kind == "string":
                await client.set(KEY, "x")
            elif kind == "list":
                await client.rpush(KEY, "x", "y")
            else:
                await client.hset(KEY, "x", "y")
            await asyncio.sleep(0.05)

        async with meanwhile(mistype):
            yield


@asynccontextmanager
async def full(server: RedisServer) -> AsyncIterator[None]:
    """Out of memory, and nothing may be evicted."""
    async with client_of(server) as client:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1mb")
        try:
            yield
        finally:
            await client.config_set("maxmemory", "0")


@asynccontextmanager
async def silent(server: RedisServer) -> AsyncIterator[None]:
    """It accepts, and never answers."""
    server.stop()
    try:
        yield
    finally:
        server.go_on()


TROUBLES: dict[str, Trouble] = {
    "flushed each 100 ms": flushed,
    "killed and started again": killed,
    "full of rubbish": littered,
    "wrong-typed keys": mistyped,
    "out of memory": full,
    "accepts and never answers": silent,
}
