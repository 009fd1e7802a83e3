"""From PostgreSQL to Redis and back while jobs flow: process after process is replaced, and nothing is lost."""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest
from tests.integration.redis.stage import (
    JOBS,
    SETTINGS,
    Feed,
    all_ended,
    assert_as_without_redis,
    feed,
    over_redis,
)
from tests.integration.worker.processes import Scene, scene

POSTGRES = SETTINGS | {"EQUEUE_QUEUE_BACKEND": "postgres"}
STEP = max(JOBS // 10, 100)


@pytest.mark.timeout(240)
async def test_a_mixed_fleet_loses_nothing(database_url: str, redis_url: str) -> None:
    """Workers are replaced first, then who enqueues; every mix of both works, in both directions."""
    redis = over_redis(redis_url)
    with scene(database_url, **POSTGRES) as here:
        here.start()
        here.start()
        async with AsyncExitStack() as feeds:
            old = await feeds.enter_async_context(feed(database_url, POSTGRES))
            new = await feeds.enter_async_context(feed(database_url, redis))
            new.ids = old.ids
            await flow_while_replaced(here, old, redis)
            await flow_while_replaced(here, new, POSTGRES)
            await old.flow(STEP)
            await new.flow(STEP)
            await all_ended(here, old.ids)
            assert_as_without_redis(here, old.ids)


async def flow_while_replaced(here: Scene, jobs: Feed, settings: dict[str, str]) -> None:
    """Let jobs flow while each worker is stopped in order and followed by one with other settings."""
    flow = asyncio.create_task(jobs.flow(STEP * 4, a_set=10, pause=0.005))
    for worker in [worker for worker in here.workers if worker.alive]:
        await asyncio.to_thread(here.start, **settings)
        worker.tell(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait) == 0
    await flow
    await all_ended(here, jobs.ids)
