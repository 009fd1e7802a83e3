"""Hints: the contract that third parties get too, kept by each of our backends."""

from collections.abc import AsyncIterator, Callable

import pytest

from equeue.application.ports.queue import JobQueue
from equeue.testing.queue_contract import OpenQueue, QueueContract


class TestMemoryJobQueue(QueueContract):
    """Hints within one process: all share one queue."""

    @pytest.fixture
    def open_queue(self) -> OpenQueue:
        from equeue.adapters.memory.queue import MemoryJobQueue  # noqa: PLC0415 - each needs its own libraries only

        queue = MemoryJobQueue()
        return lambda: queue


class TestPostgresJobQueue(QueueContract):
    """Hints by LISTEN and NOTIFY."""

    @pytest.fixture
    async def open_queue(self, shared_database_url: str) -> AsyncIterator[OpenQueue]:
        from equeue.adapters.postgres.engine import create_engine  # noqa: PLC0415
        from equeue.adapters.postgres.queue import PostgresJobQueue  # noqa: PLC0415

        engine = create_engine(shared_database_url)
        async for opener in opening(lambda: PostgresJobQueue(engine)):
            yield opener
        await engine.dispose()


class TestRedisJobQueue(QueueContract):
    """Ids and signals through Redis."""

    @pytest.fixture
    async def open_queue(self, redis_url: str) -> AsyncIterator[OpenQueue]:
        from equeue.adapters.redis.queue import RedisJobQueue  # noqa: PLC0415
        from equeue.adapters.telemetry.logs import get_log  # noqa: PLC0415

        async for opener in opening(lambda: RedisJobQueue(redis_url, get_log())):
            yield opener


async def opening(open_one: Callable[[], JobQueue]) -> AsyncIterator[OpenQueue]:
    """Give what opens queues, and close them all afterwards."""
    opened: list[JobQueue] = []

    def open_and_note() -> JobQueue:
        opened.append(open_one())
        return opened[-1]

    yield open_and_note
    for queue in opened:
        await queue.close()
