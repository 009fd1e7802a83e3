"""What enqueuing costs, beside the bare INSERT that it cannot do without: `make bench-enqueue`.

All cases take turns on one table of one server, in slices, so that a machine that drifts drifts for all; each figure
is a median over slices. The measure is the ratio within its group: one by one to a prepared INSERT of one row on one
connection, sixteen at a time to sixteen such connections, bulk to an INSERT of 1,000 rows at a time from arrays.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeAlias

import attrs
import msgspec
import psycopg
from uuid_utils.compat import uuid7

from bench import servers
from equeue import AsyncProducer, Context, Producer, Tasks, new_job

Slice: TypeAlias = Callable[[int], None]
BATCH = 1_000
PAD = "x" * 84
ONE = "insert into equeue.jobs (id, task, queue, payload) values (%s, 'bench.noop', 'bench', %s::text::jsonb)"
MANY = """
insert into equeue.jobs (id, task, queue, payload)
select id, task, queue, payload::jsonb
from unnest(%b::uuid[], %s::text[], %s::text[], %s::text[]) as b (id, task, queue, payload)
"""
tasks = Tasks()


@tasks.task("bench.noop", queue="bench")
async def noop(ctx: Context, number: int, pad: str) -> None:
    """Do nothing; its payload has about 100 bytes."""
    del ctx, number, pad


@attrs.define
class Case:
    """One way to enqueue; `run` stores so many jobs and returns once they are durable."""

    group: str
    name: str
    run: Slice
    jobs: int
    goal: float | None = None
    rates: list[float] = attrs.field(factory=list)

    @property
    def rate(self) -> float:
        """Jobs a second, the median of all slices."""
        return statistics.median(self.rates)


def payload(number: int) -> str:
    """Return what the bare cases store; they encode it too."""
    return msgspec.json.encode({"number": number, "pad": PAD}).decode()


def bare_one(connection: psycopg.Connection[Any]) -> Slice:
    """Return a slice of single inserts, each its own transaction."""

    def run(jobs: int) -> None:
        for number in range(jobs):
            connection.execute(ONE, (uuid7(), payload(number)), prepare=True)

    return run


def bare_sixteen(connections: list[psycopg.Connection[Any]]) -> Slice:
    """Return a slice of single inserts on as many connections and threads."""
    threads = ThreadPoolExecutor(len(connections))

    def run(jobs: int) -> None:
        share = jobs // len(connections)
        list(threads.map(lambda connection: bare_one(connection)(share), connections))

    return run


def bare_bulk(connection: psycopg.Connection[Any]) -> Slice:
    """Return a slice of inserts of 1,000 rows from arrays."""

    def run(jobs: int) -> None:
        for first in range(0, jobs, BATCH):
            numbers = range(first, first + BATCH)
            columns = (
                [uuid7() for _ in numbers],
                ["bench.noop"] * BATCH,
                ["bench"] * BATCH,
                list(map(payload, numbers)),
            )
            connection.execute(MANY, columns, prepare=True)

    return run


def bare_copy(connection: psycopg.Connection[Any]) -> Slice:
    """Return a slice of COPY, 1,000 rows a transaction."""

    def run(jobs: int) -> None:
        for first in range(0, jobs, BATCH):
            with connection.cursor().copy("copy equeue.jobs (id, task, queue, payload) from stdin") as copy:
                for number in range(first, first + BATCH):
                    copy.write_row((uuid7(), "bench.noop", "bench", payload(number)))

    return run


def threaded(producer: Producer, callers: int) -> Slice:
    """Return a slice of `enqueue` from so many threads."""
    threads = ThreadPoolExecutor(callers)

    def some(share: int) -> None:
        for number in range(share):
            producer.enqueue(noop, number=number, pad=PAD)

    def run(jobs: int) -> None:
        list(threads.map(some, [jobs // callers] * callers))

    return run


def tasked(loop: asyncio.AbstractEventLoop, producer: AsyncProducer, callers: int) -> Slice:
    """Return a slice of `enqueue` from so many tasks of one loop."""

    async def some(share: int) -> None:
        for number in range(share):
            await producer.enqueue(noop, number=number, pad=PAD)

    async def all_of_them(jobs: int) -> None:
        await asyncio.gather(*(some(jobs // callers) for _ in range(callers)))

    return lambda jobs: loop.run_until_complete(all_of_them(jobs))


def bulk(producer: Producer) -> Slice:
    """Return a slice of one `enqueue_many`."""

    def run(jobs: int) -> None:
        producer.enqueue_many(new_job(noop, number=number, pad=PAD) for number in range(jobs))

    return run


def async_bulk(loop: asyncio.AbstractEventLoop, producer: AsyncProducer) -> Slice:
    """Return a slice of one asynchronous `enqueue_many`."""

    def run(jobs: int) -> None:
        loop.run_until_complete(producer.enqueue_many(new_job(noop, number=number, pad=PAD) for number in range(jobs)))

    return run


def cases(url: str, stack: ExitStack, loop: asyncio.AbstractEventLoop) -> list[Case]:
    """Open everything; the first case of each group is the bare one."""

    def connect() -> psycopg.Connection[Any]:
        return stack.enter_context(psycopg.connect(url, autocommit=True))

    producer = stack.enter_context(Producer(url))
    async_producer = AsyncProducer(url)
    stack.callback(lambda: loop.run_until_complete(async_producer.close()))
    return [
        Case("one by one", "bare INSERT", bare_one(connect()), 100),
        Case("one by one", "Producer", threaded(producer, 1), 100, goal=0.9),
        Case("one by one", "AsyncProducer", tasked(loop, async_producer, 1), 100),
        Case("16 at a time", "bare INSERT, 16 connections", bare_sixteen([connect() for _ in range(16)]), 320),
        Case("16 at a time", "Producer, 16 threads", threaded(producer, 16), 320),
        Case("16 at a time", "AsyncProducer, 16 tasks", tasked(loop, async_producer, 16), 640, goal=1.5),
        Case("16 at a time", "AsyncProducer, 128 tasks", tasked(loop, async_producer, 128), 1_280),
        Case("bulk", "bare INSERT of 1,000", bare_bulk(connect()), 10 * BATCH),
        Case("bulk", "COPY of 1,000", bare_copy(connect()), 10 * BATCH),
        Case("bulk", "Producer.enqueue_many", bulk(producer), 10 * BATCH, goal=0.65),
        Case("bulk", "AsyncProducer.enqueue_many", async_bulk(loop, async_producer), 10 * BATCH, goal=0.65),
    ]


def take_turns(all_cases: list[Case], seconds: float) -> None:
    """Let the cases take turns until the time is over; the first turn only warms up."""
    end = time.monotonic() + seconds
    warm = False
    while time.monotonic() < end or not all_cases[0].rates:
        for case in all_cases:
            begin = time.perf_counter()
            case.run(case.jobs)
            if warm:
                case.rates.append(case.jobs / (time.perf_counter() - begin))
        warm = True


def report(all_cases: list[Case]) -> bool:
    """Print the table; return whether every goal is met."""
    print(f"{'':14} {'':30} {'jobs/s':>8} {'ratio':>6} {'goal':>6}")
    fine = True
    for case in all_cases:
        bare = next(other for other in all_cases if other.group == case.group)
        ratio = case.rate / bare.rate
        fine = fine and (case.goal is None or ratio >= case.goal)
        print(f"{case.group:14} {case.name:30} {case.rate:8.0f} {ratio:6.2f} {case.goal or '':>6}")
    return fine


def main() -> int:
    """Measure on the newest version; the exit status says whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40)
    options = parser.parse_args()
    version, binaries = next(iter(servers.versions().items()))
    with servers.running(binaries) as server, asyncio.Runner() as runner, ExitStack() as stack:
        loop = runner.get_loop()
        all_cases = cases(servers.migrated(server, "bench_enqueue"), stack, loop)
        take_turns(all_cases, options.seconds)
        rounds = len(all_cases[0].rates)
        print(f"{version}, {rounds} rounds")
        return 0 if report(all_cases) else 3


if __name__ == "__main__":
    sys.exit(main())
