"""procrastinate, as its page "Execute multiple jobs at the same time" says: `concurrency=30` for asynchronous tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from procrastinate import App, PsycopgConnector

from bench.peers.program import PAD, Offer, main
from bench.worker.starts import note


def _app(url: str) -> App:
    app = App(connector=PsycopgConnector(conninfo=url, min_size=2, max_size=20))

    @app.task(queue="bench", name="noop")
    async def noop(number: int, pad: str) -> None:
        del pad
        note(number)

    return app


async def install(url: str) -> None:
    """Make its tables."""
    async with _app(url).open_async() as app:
        await app.schema_manager.apply_schema_async()


async def work(url: str, concurrency: int) -> None:
    """Work so many jobs at a time."""
    async with _app(url).open_async() as app:
        await app.run_worker_async(queues=["bench"], concurrency=concurrency, wait=True)


@asynccontextmanager
async def producer(url: str) -> AsyncIterator[Offer]:
    """Give a function that enqueues one job."""
    async with _app(url).open_async() as app:
        yield lambda number: app.tasks["noop"].defer_async(number=number, pad=PAD)


if __name__ == "__main__":
    main(install, work, producer)
