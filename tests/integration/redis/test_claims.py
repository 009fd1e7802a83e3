"""Redis is a queue, not only a bell: workers run what it hands out, and do not look for work."""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.redis.stage import (
    StatementLog,
    all_ended,
    assert_as_without_redis,
    feed,
    flowing,
    over_redis,
    server_log,
)
from tests.integration.worker.processes import APP

from equeue.domain.events import JobQueued

COUNT = 10_000
FEW = 5
"""Fewer than a worker has slots: if its first look found as many as that, another one would follow."""

LOOK = "cross join lateral (\n    select q.id\n"
SHORT = timedelta(milliseconds=50)
BY_IDS = "where q.id = any($"


pytestmark = pytest.mark.skipif(
    bool(os.environ.get("EQUEUE_TEST_DATABASE_URL")), reason="reads the log of the tests' own server"
)


async def test_ten_thousand_jobs_are_claimed_by_popped_ids_alone(database_url: str, redis_url: str) -> None:
    """With polling off, no statement looks for work: each claim names the ids that were popped."""
    log = StatementLog(server_log(), database_url)
    with flowing(database_url, redis_url, EQUEUE_POLL_S="300") as here:
        here.start()
        async with feed(database_url, over_redis(redis_url)) as jobs:
            await jobs.flow(FEW)
            await all_ended(here, jobs.ids)
            log.restart()
            await jobs.flow(COUNT, a_set=500)
            await all_ended(here, jobs.ids)
            assert log.count(LOOK) == 0
            assert log.count(BY_IDS) >= COUNT / 1_000
            assert_as_without_redis(here, jobs.ids)


async def test_two_workers_share_the_ids(database_url: str, redis_url: str) -> None:
    """Each id goes to one of them; both get some, and every job runs once."""
    with flowing(database_url, redis_url, EQUEUE_POLL_S="300", EQUEUE_CONCURRENCY="5") as here:
        here.start()
        here.start()
        async with feed(database_url, over_redis(redis_url)) as jobs:
            await jobs.flow(500, pause=0.01)
            await all_ended(here, jobs.ids)
            assert_as_without_redis(here, jobs.ids)


async def test_weights_share_out_what_ids_announce(database_url: str, redis_url: str) -> None:
    """Redis knows nothing of weights; the worker keeps to them all the same, and still does not poll."""
    with flowing(database_url, redis_url, EQUEUE_POLL_S="300") as here:
        queues = ["light", "heavy"] * 60
        ids = [here.enqueue("noted.run", queue=queue)[0] for queue in queues]
        async with feed(database_url, over_redis(redis_url)) as jobs:
            now = datetime.now(UTC)
            await jobs.queue.publish([JobQueued(each, queue, 5, now) for each, queue in zip(ids, queues, strict=True)])
        worker = here.start(APP, "-q", "light=1", "-q", "heavy=3", "-c", "1", "--max-jobs", "40")
        await asyncio.to_thread(worker.wait)
        began = Counter(str(here.job(row.job_id)["queue"]) for row in here.ledger("began")[:40])
    assert 25 <= began["heavy"] <= 35


async def test_what_a_worker_popped_and_took_to_its_grave_comes_back(database_url: str, redis_url: str) -> None:
    """Ids that nobody has any more are published again, without anybody polling."""
    with flowing(database_url, redis_url, EQUEUE_POLL_S="300") as here:
        async with feed(database_url, over_redis(redis_url)) as jobs:
            await jobs.flow(300)
            popped = 0
            while popped < len(jobs.ids):
                popped += len((await jobs.queue.receive(["default"], SHORT)).job_ids)
            here.start()
            await jobs.flow(1)
            await all_ended(here, jobs.ids)
            assert_as_without_redis(here, jobs.ids)


async def test_delayed_jobs_and_retries_are_published_when_due(database_url: str, redis_url: str) -> None:
    """Neither a poll nor another enqueue is needed."""
    log = StatementLog(server_log(), database_url)
    with flowing(database_url, redis_url, EQUEUE_POLL_S="300") as here:
        here.start()
        await asyncio.to_thread(here.until, lambda: log.count(LOOK))
        log.restart()
        soon = datetime.now(UTC) + timedelta(seconds=1)
        ids = here.enqueue("short.run", count=5, run_at=soon)
        ids += here.enqueue("booking.run", '{"account": 1, "fail": true}')
        await asyncio.to_thread(here.until_ended, ids)
        assert here.job(ids[-1])["retry_count"] == 1
        assert log.count(LOOK) == 0
