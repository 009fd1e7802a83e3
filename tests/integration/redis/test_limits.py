"""Queues with limits over Redis: ids widen nothing, and what they do not tell is found without polling."""

import asyncio

import psycopg
import pytest
from redis import Redis
from tests.integration.redis.stage import all_ended, assert_as_without_redis, feed, flowing, over_redis
from tests.integration.worker.processes import Scene

from equeue.application.draft import Draft
from equeue.application.intake import Asked
from equeue.application.ports.jobs import Created
from equeue.domain.audit import SYSTEM
from equeue.domain.spec import JobSpec
from equeue.entrypoints.container import build, close, close_doors
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


async def test_redis_holds_no_ids_of_limited_queues(database_url: str, redis_url: str) -> None:
    """Neither of new jobs, in sets and single ones, nor of those queued again; those of other queues it does hold."""
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute("insert into equeue.queues (name, rate_limit, rate_period_s) values ('limited', 5, 1)")
    container = build(read_settings({"EQUEUE_DATABASE_URL": database_url} | over_redis(redis_url)))
    try:
        assert (await container.queue().health()).ok
        drafts = [Draft(JobSpec("short.run", queue=name), queue=name) for name in ("limited", "free") * 10]
        together = await container.enqueue()(drafts)
        alone = [await container.enqueue_one()(Asked(draft)) for draft in drafts[:2]]
        ids = [answer.job.id for answer in (*together, *alone) if isinstance(answer, Created)]
        for move in (container.manage().cancel, container.manage().retry, container.manage().run_now):
            await move(ids[:2])
    finally:
        await close_doors(container)
        await close(container)
    with Redis.from_url(redis_url) as client:
        assert client.zcard("equeue:{free}:ids") == 11
        assert not client.exists("equeue:{limited}:ids")


@pytest.mark.parametrize(("believed", "true"), [(UNLIMIT, LIMIT), (LIMIT, UNLIMIT)])
async def test_who_is_behind_with_limits_loses_nothing(
    database_url: str, redis_url: str, believed: str, true: str
) -> None:
    """Whoever enqueues may know limits as they were: no job waits for a poll because of that."""
    with flowing(database_url, redis_url, **UNPOLLED) as here:
        here.start()
        here.database.execute(believed)
        async with feed(database_url, over_redis(redis_url)) as jobs:
            await jobs.flow(20)
            here.database.execute(true)
            await jobs.flow(40, a_set=10, pause=0.05)
            await all_ended(here, jobs.ids, 20)
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
