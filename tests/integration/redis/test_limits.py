"""Queues with limits over Redis: ids widen nothing, and what they do not tell is found without polling."""

import asyncio

import pytest
from tests.integration.redis.stage import all_ended, assert_as_without_redis, feed, flowing, over_redis
from tests.integration.worker.processes import Scene

from equeue.domain.audit import SYSTEM
from equeue.entrypoints.container import build, close
from equeue.entrypoints.settings import read_settings

UNPOLLED = {"EQUEUE_POLL_S": "300"}
LIMIT = "insert into equeue.queues (name, max_running) values ('default', 2)"
UNLIMIT = "delete from equeue.queues"


async def test_a_limited_queue_is_emptied_without_polling(database_url: str, redis_url: str) -> None:
    """Two workers, two at once, with jobs that fall due later among them."""
    with flowing(database_url, redis_url, **UNPOLLED) as here:
        here.database.execute(LIMIT)
        here.start()
        here.start()
        async with feed(database_url, over_redis(redis_url)) as jobs:
            watching = asyncio.create_task(asyncio.to_thread(most_running, here, 60))
            await jobs.flow(60, a_set=20)
            assert await watching <= 2
            await all_ended(here, jobs.ids)
            assert_as_without_redis(here, jobs.ids)


@pytest.mark.parametrize("setting", [UNLIMIT, LIMIT], ids=["without limits", "with limits"])
async def test_a_resumed_queue_starts_at_once(database_url: str, redis_url: str, setting: str) -> None:
    """With and without limits: whoever serves it is told to look."""
    container = build(read_settings({"EQUEUE_DATABASE_URL": database_url} | over_redis(redis_url)))
    try:
        with flowing(database_url, redis_url, **UNPOLLED) as here:
            here.database.execute(setting)
            queues = container.queues()
            await queues.pause("default", SYSTEM, reason="for a test")
            here.start()
            async with feed(database_url, over_redis(redis_url)) as jobs:
                await jobs.flow(20)
                await asyncio.to_thread(here.until, lambda: True)
                assert most_running(here, 0) == 0
                await queues.resume("default", SYSTEM)
                await all_ended(here, jobs.ids, 20)
    finally:
        await close(container)


def most_running(here: Scene, ended: int) -> int:
    """Look until so many jobs have ended; return how many ran at once at most."""
    most = 0
    while True:
        row = here.database.execute(
            "select count(*) filter (where status = 'running') as running,"
            " count(*) filter (where finished_at is not null) as ended from equeue.jobs"
        ).fetchone()
        assert row is not None
        most = max(most, int(row["running"]))
        if int(row["ended"]) >= ended:
            return most
