"""Pickup, drain and the cost of idling for each way of learning of work: Redis, PostgreSQL's hints, polling alone."""

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from tests.integration.redis.stage import Feed, feed
from tests.integration.worker.processes import Scene, scene
from tests.redis_servers import RedisServer
from tests.servers import Server

from equeue.adapters.memory.queue import MemoryJobQueue

from .servers import migrated, running, versions

PICKUPS, PICKUPS_POLLING, DRAIN, IDLE_S, WORKERS = 300, 40, 20_000, 60.0, 2
PAUSE_S = 0.02
SETTLING_S = 8.0
ROUND_TRIP = "select extract(epoch from started_at - created_at) * 1000 as ms from equeue.jobs"
SPAN = "select extract(epoch from max(finished_at) - min(started_at)) as s from equeue.jobs"
SENT = re.compile(rb"LOG:  (?:statement|execute [^:]*):")


@attrs.frozen
class Way:
    """One way of learning of work."""

    name: str
    settings: dict[str, str]
    rings: bool = True


@attrs.frozen
class Figures:
    """What was measured of one way."""

    p50: float
    p99: float
    rate: float
    idle: float


def ways(redis_url: str) -> list[Way]:
    """Return who takes part."""
    postgres = {"EQUEUE_QUEUE_BACKEND": "postgres", "EQUEUE_POLL_S": "5"}
    redis = {
        "EQUEUE_QUEUE_BACKEND": "redis",
        "EQUEUE_POLL_S": "5",
        "EQUEUE_REDIS_URL": redis_url,
        "EQUEUE_REDIS_PREFIX": "bench",
    }
    return [Way("redis", redis), Way("postgres", postgres), Way("polling alone", postgres, rings=False)]


async def measured(server: Server, way: Way) -> Figures:
    """Measure one way in databases of its own."""
    tag = way.name.replace(" ", "_")
    p50, p99 = await pickup(migrated(server, f"pickup_{tag}"), way)
    rate = await drain(migrated(server, f"drain_{tag}"), way)
    idling = await idle(server, f"idle_{tag}", way)
    return Figures(p50, p99, rate, idling)


async def pickup(url: str, way: Way) -> tuple[float, float]:
    """Return how many milliseconds go by from enqueue to start on an idle worker: median and 99th percentile."""
    with scene(url, **way.settings) as here:
        here.start()
        async with feeding(url, way) as jobs:
            await asyncio.sleep(1)
            await jobs.flow(PICKUPS if way.rings else PICKUPS_POLLING, a_set=1, pause=PAUSE_S if way.rings else 0.3)
            await asyncio.to_thread(here.until_ended, jobs.ids)
        waited = sorted(float(row["ms"]) for row in here.database.execute(ROUND_TRIP))
        return statistics.median(waited), waited[int(len(waited) * 0.99) - 1]


async def drain(url: str, way: Way) -> float:
    """Return how many jobs a second one worker ends of a backlog."""
    with scene(url, **way.settings) as here:
        async with feeding(url, way) as jobs:
            await jobs.flow(DRAIN, a_set=500)
            here.start()
            await asyncio.to_thread(here.until_ended, jobs.ids, 300)
        return DRAIN / await number(here, SPAN)


async def idle(server: Server, name: str, way: Way) -> float:
    """Return how many statements a second some workers without work send, by the server's own log."""
    url = migrated(server, name)
    server.run("alter database {} set log_statement = 'all'", name)
    log = Path(server.url.rpartition("host=")[2]) / "log"
    with scene(url, **way.settings) as here:
        for _ in range(WORKERS):
            here.start()
        await asyncio.sleep(SETTLING_S)
        before, began = log.stat().st_size, time.monotonic()
        await asyncio.sleep(IDLE_S)
        said = log.read_bytes()[before:]
        return len(SENT.findall(said)) / (time.monotonic() - began)


async def number(here: Scene, question: str) -> float:
    """Return the one number that answers a question."""
    row = here.database.execute(question.encode()).fetchone()
    return float(next(iter(row.values()))) if row else 0.0


@asynccontextmanager
async def feeding(url: str, way: Way) -> AsyncIterator[Feed]:
    """Give a feed that rings, or one that does not."""
    async with feed(url, way.settings) as jobs:
        if not way.rings:
            jobs.enqueue = attrs.evolve(jobs.enqueue, queue=MemoryJobQueue())
        yield jobs


async def main() -> int:
    """Measure every way and print one table; the exit status says whether idling over Redis costs no more."""
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as folder, running(next(iter(versions().values()))) as server:
        redis = RedisServer(Path(folder)).start()
        try:
            for way in ways(redis.url):
                print(f"measuring {way.name}", file=sys.stderr)
                found[way.name] = await measured(server, way)
        finally:
            redis.kill()
    print(f"{'':14} {'pickup p50':>11} {'p99':>11} {'drain':>12} {'idle, ' + str(WORKERS) + ' workers':>18}")
    for name, told in found.items():
        print(f"{name:14} {told.p50:8.1f} ms {told.p99:8.1f} ms {told.rate:6.0f} jobs/s {told.idle:8.2f} statements/s")
    fine = found["redis"].idle <= found["postgres"].idle * 1.05 + 0.05
    print(f"idle over redis no more than over postgres: {'met' if fine else 'NOT MET'}")
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
