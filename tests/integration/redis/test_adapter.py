"""What is in Redis may be anything, and Redis may do anything: the queue stays small, calm and well-mannered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import attrs
import pytest
from tests.redis_servers import RedisServer

from equeue.adapters.redis.names import read_ids
from equeue.adapters.redis.queue import RedisJobQueue
from equeue.application.ports.queue import Received
from equeue.domain.events import CancelRequested
from equeue.testing.queue_contract import JOB, depth_of, queued

KEY = "equeue:{mine}:ids"
SHORT = timedelta(milliseconds=100)
LONG = timedelta(seconds=30)
PATIENCE_S = 20


@attrs.define
class Lines:
    """A log that remembers its events."""

    events: list[str] = attrs.field(factory=list)

    def bind(self, **_: object) -> "Lines":
        return self

    def debug(self, event: str, **_: object) -> None:
        self.events.append(event)

    info = warning = error = debug


@pytest.fixture
def lines() -> Lines:
    """Return a log."""
    return Lines()


@pytest.fixture
async def here(own_redis: RedisServer, lines: Lines) -> AsyncIterator[RedisJobQueue]:
    """Give a queue on a Redis of its own."""
    queue = RedisJobQueue(own_redis.url, lines, most=1_000)
    yield queue
    own_redis.go_on()
    await queue.close()


async def until(here: RedisJobQueue, *, ok: bool) -> None:
    """Wait until hints flow, or no longer do."""
    async with asyncio.timeout(PATIENCE_S):
        while (await here.health()).ok is not ok:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


async def popped(here: RedisJobQueue, limit: int = 1_000) -> Sequence[UUID]:
    """Return the first ids that come."""
    async with asyncio.timeout(PATIENCE_S):
        while not (received := await here.receive(["mine"], SHORT, limit)).job_ids:
            pass
    return received.job_ids


async def test_a_queue_holds_no_more_than_its_bound(here: RedisJobQueue, own_redis: RedisServer) -> None:
    """Those farthest from their turn are dropped, and rubbish beyond every turn before them."""
    with own_redis.client() as client:
        client.zadd(KEY, {f"rubbish {n}": float("inf") for n in range(2_000)})
    jobs = [UUID(int=JOB.int + n) for n in range(1_500)]
    await here.publish([queued("mine", job_id, priority=9) for job_id in jobs[500:]])
    await here.publish([queued("mine", job_id, priority=1) for job_id in jobs[:500]])
    await depth_of(here, "mine", 1_000)
    assert set(jobs[:500]) <= set(await popped(here))


def test_only_ids_are_read_as_ids() -> None:
    """Whatever else was said in their place is passed over."""
    assert read_ids([b"z" * 36, b"\xff" * 36, b"", str(JOB).encode(), JOB.hex.encode()]) == (JOB,)


async def test_rubbish_is_thrown_away(here: RedisJobQueue, own_redis: RedisServer) -> None:
    """What is no id is never handed out, and does not hold up what is behind it."""
    odd = [
        "",
        "x",
        "-" * 36,
        "0" * 36,
        f"{{{uuid4()}}}",
        str(uuid4())[:-1] + "\x00",
        "aaaaaaaaaaaaa-a-a-a-aaaaaaaaaaaaaaaaa",
    ]
    with own_redis.client() as client:
        client.zadd(KEY, dict.fromkeys(odd, -1.0) | {f"rubbish {n}": 0.0 for n in range(30_000)})
    received = Received()
    async with asyncio.timeout(PATIENCE_S):
        while not received.job_ids:
            await here.publish([queued("mine")])
            received = await here.receive(["mine"], SHORT, 1)
    assert received.job_ids == (JOB,)
    with own_redis.client() as client:
        for said in (
            b"",
            b"\xff\xfe",
            b"stop",
            b"stop x y",
            b"ids ids",
            b"what",
            b"stop " + b"z" * 36,
            b"stop " + b"\xff" * 36,
        ):
            client.publish("equeue:{mine}:bell", said)
    await here.ring([CancelRequested(JOB, "mine", None)])
    async with asyncio.timeout(PATIENCE_S):
        while JOB not in (await here.receive(["mine"], SHORT)).cancels:
            await here.ring([CancelRequested(JOB, "mine", None)])


@pytest.mark.parametrize("kind", ["string", "list", "hash", "set", "stream"])
async def test_a_key_of_another_kind_gives_way(here: RedisJobQueue, own_redis: RedisServer, kind: str) -> None:
    """Whatever stands where our ids belong is removed, and nobody is troubled by it."""
    with own_redis.client() as client:
        put: dict[str, Any] = {
            "string": lambda: client.set(KEY, "x"),
            "list": lambda: client.rpush(KEY, "x"),
            "hash": lambda: client.hset(KEY, "x", "y"),
            "set": lambda: client.sadd(KEY, "x"),
            "stream": lambda: client.xadd(KEY, {"x": "y"}),
        }
        put[kind]()
    await here.publish([queued("mine")])
    assert await popped(here) == (JOB,)
    assert (await here.health()).troubles == 0


async def test_an_abandoned_queue_is_forgotten(here: RedisJobQueue, own_redis: RedisServer) -> None:
    """Every key of ours ends by itself."""
    await here.publish([queued("mine")])
    await depth_of(here, "mine", 1)
    with own_redis.client() as client:
        assert client.ttl(KEY) > 0


async def test_trouble_is_one_line_and_its_end_another(
    here: RedisJobQueue, own_redis: RedisServer, lines: Lines
) -> None:
    """Down, flushed and back: who waits is woken to look for himself, and nobody is told twice."""
    await until(here, ok=True)
    waiting = asyncio.create_task(here.receive(["mine"], LONG))
    await asyncio.sleep(0.1)
    own_redis.kill()
    async with asyncio.timeout(PATIENCE_S):
        assert (await waiting).queues == {"mine"}
    for _ in range(20):
        await here.publish([queued("mine")])
        await here.receive(["mine"], timedelta(milliseconds=20))
    health = await here.health()
    assert (health.ok, health.troubles) == (False, 1)
    assert health.dropped >= 20
    own_redis.start()
    await until(here, ok=True)
    assert lines.events == ["redis.away", "redis.back"]
    await here.publish([queued("mine")])
    assert await popped(here) == (JOB,)


async def test_a_server_that_is_silent_is_away(here: RedisJobQueue, own_redis: RedisServer, lines: Lines) -> None:
    """It accepts and never answers: that is noticed unasked, and nothing more is sent to it meanwhile."""
    await until(here, ok=True)
    own_redis.stop()
    await until(here, ok=False)
    before = (await here.health()).dropped
    await here.publish([queued("mine")])
    assert (await here.health()).dropped == before + 1
    own_redis.go_on()
    await until(here, ok=True)
    assert lines.events == ["redis.away", "redis.back"]


async def test_a_server_that_is_full_is_away(here: RedisJobQueue, own_redis: RedisServer) -> None:
    """Reading would work, but what nobody can write nobody will read."""
    await until(here, ok=True)
    with own_redis.client() as client:
        client.config_set("maxmemory", "1mb")
        await until(here, ok=False)
        client.config_set("maxmemory", "0")
    await until(here, ok=True)


async def test_a_server_that_is_not_there_yet_is_waited_for(tmp_path: Any, lines: Lines) -> None:
    """Start in any order: nothing fails, and hints flow once it is there."""
    server = RedisServer(tmp_path)
    queue = RedisJobQueue(server.url, lines)
    try:
        await queue.publish([queued("mine")])
        assert not (await queue.health()).ok
        server.start()
        await until(queue, ok=True)
        await queue.publish([queued("mine")])
        assert await popped(queue) == (JOB,)
    finally:
        await queue.close()
        server.kill()
