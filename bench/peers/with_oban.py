"""oban, as its pages "Defining Queues" and "Installation" say: a pool, and a limit for the queue.

The page names 10 and 20 as examples and "higher" for jobs that wait; of 20, 100 and 500, 100 drained fastest.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from oban import Job, Oban, worker
from oban.schema import install as install_schema

from bench.peers.program import PAD, Offer, main, until_told
from bench.worker.starts import note


@worker(queue="default")
class Noop:
    """The task."""

    async def process(self, job: Job) -> None:
        """Note the start."""
        note(job.args["number"])


async def install(url: str) -> None:
    """Make its tables."""
    pool = await Oban.create_pool(url, min_size=1, max_size=1)
    await install_schema(pool)
    await pool.close()


async def work(url: str, limit: int) -> None:
    """Work so many jobs at a time."""
    pool = await Oban.create_pool(url, min_size=2, max_size=10)
    async with Oban(pool=pool, queues={"default": limit}):
        await until_told()
    await pool.close()


@asynccontextmanager
async def producer(url: str) -> AsyncIterator[Offer]:
    """Give a function that enqueues one job."""
    pool = await Oban.create_pool(url, min_size=1, max_size=1)
    oban = Oban(pool=pool)
    yield lambda number: oban.enqueue(Noop.new({"number": number, "pad": PAD}))
    await pool.close()


if __name__ == "__main__":
    main(install, work, producer)
