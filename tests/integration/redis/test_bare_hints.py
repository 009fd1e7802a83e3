"""What Redis is told of jobs in queues with limits: that there are some, and never which."""

import psycopg
import pytest
from redis import Redis
from tests.integration.redis.stage import all_ended, assert_as_without_redis, feed, flowing, over_redis
from tests.integration.redis.test_limits import LIMIT, UNLIMIT, UNPOLLED

from equeue.application.draft import Draft
from equeue.application.intake import Asked
from equeue.application.ports.jobs import Created
from equeue.domain.spec import JobSpec
from equeue.entrypoints.container import build, close, close_doors
from equeue.entrypoints.settings import read_settings


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
