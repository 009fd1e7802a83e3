"""pgqueuer, as its guide "Performance Tuning" says (docs/guides/performance-tuning.md).

`batch_size` is raised for short jobs, `dequeue_timeout` stays at its 30 s, the driver is that of a pool ("for
high-throughput deployments"), `autovac` is applied after the installation, durability stays at `durable`.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries

from bench.peers.program import PAD, Offer, main
from bench.worker.starts import note


async def install(url: str) -> None:
    """Make its tables and apply its recommended settings for autovacuum."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    await queries.optimize_autovacuum()
    await connection.close()


async def work(url: str, batch: int) -> None:
    """Work in batches of so many."""
    async with asyncpg.create_pool(url, min_size=2, max_size=10) as pool:
        worker = PgQueuer(AsyncpgPoolDriver(pool))

        @worker.entrypoint("noop")
        async def noop(job: Job) -> None:
            note(json.loads(job.payload or b"{}")["number"])

        await worker.run(batch_size=batch, dequeue_timeout=timedelta(seconds=30))


@asynccontextmanager
async def producer(url: str) -> AsyncIterator[Offer]:
    """Give a function that enqueues one job."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    yield lambda number: queries.enqueue("noop", json.dumps({"number": number, "pad": PAD}).encode())
    await connection.close()


if __name__ == "__main__":
    main(install, work, producer)
