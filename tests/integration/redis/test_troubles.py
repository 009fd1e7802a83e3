"""Whatever happens to Redis, every job ends exactly as without it, and nobody who enqueues waits or fails."""

import asyncio
import time

import pytest
from tests.integration.redis.stage import (
    JOBS,
    Feed,
    all_ended,
    assert_as_without_redis,
    feed,
    flowing,
    over_redis,
)
from tests.integration.redis.troubles import TROUBLES
from tests.integration.worker.processes import Scene
from tests.redis_servers import RedisServer

from equeue.adapters.redis.queue import MOST_IDS

MEBIBYTE = 2**20
PATIENCE_S = 60 + JOBS / 100


@pytest.mark.timeout(PATIENCE_S + 60)
@pytest.mark.parametrize("name", TROUBLES)
async def test_jobs_end_as_without_redis(name: str, database_url: str, own_redis: RedisServer) -> None:
    """They flow before, during and after the trouble; none is lost or run twice, and hints flow again at the end."""
    with flowing(database_url, own_redis.url) as here:
        workers = [here.start(), here.start()]
        async with feed(database_url, over_redis(own_redis.url)) as jobs:
            await jobs.flow(JOBS)
            await all_ended(here, jobs.ids, PATIENCE_S)
            calm = await rate_of(here, jobs, JOBS)
            async with TROUBLES[name](own_redis):
                troubled = await rate_of(here, jobs, JOBS)
            await well_again(jobs)
            await jobs.flow(JOBS // 10)
            await all_ended(here, jobs.ids, PATIENCE_S)
            assert_as_without_redis(here, jobs.ids)
            with own_redis.client() as client:
                memory = client.info("memory")["used_memory"]
                assert memory < 40 * MEBIBYTE
                assert client.zcard("equeue:{default}:ids") <= MOST_IDS
        told = f"{name}: {calm:.0f} jobs/s calm, {troubled:.0f} in trouble; longest enqueue {jobs.longest * 1e3:.0f} ms"
        print(f"\n{told}")  # noqa: T201 - the figures of the full proof
        for worker in workers:
            said = [line["event"] for line in worker.events()]
            assert said.count("redis.away") - said.count("redis.back") in (0, 1)
            assert "worker.loop_broke" not in said


async def rate_of(here: Scene, jobs: Feed, count: int) -> float:
    """Return at which rate `count` jobs came in and ended."""
    began = time.monotonic()
    await jobs.flow(count)
    await all_ended(here, jobs.ids, PATIENCE_S)
    return count / (time.monotonic() - began)


async def well_again(jobs: Feed) -> None:
    """Wait until hints flow."""
    while not (await jobs.queue.health()).ok:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.1)
