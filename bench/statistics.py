"""What counting costs those who enqueue and settle, and how long looks take: `python -m bench.statistics`.

Two databases on one server take turns, set by set: one counts, in the other the trigger is switched off and the
statements are cut down to what they were without. Measured is how long the two server processes that do the work were
on a CPU (Linux tells it to the nanosecond), which does not depend on how busy the machine is else.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import attrs
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from bench import servers
from equeue.adapters.postgres import counting, settling
from equeue.adapters.postgres.dead_letters import PostgresDeadLetters
from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.live_figures import PostgresLiveFigures
from equeue.adapters.postgres.statements import SETTLE, SUCCEED
from equeue.adapters.postgres.statistics import PostgresStatistics
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.application.ports.dead_letters import GroupFilter
from equeue.application.statistics import CAP, ShowStatistics
from equeue.domain.lease import Claim, ClaimOrder
from equeue.domain.outcomes import Failed, JobError, Outcome, Succeeded
from equeue.domain.retry import DEFAULT_BACKOFF
from equeue.domain.settlement import settle
from equeue.domain.spec import Birth, JobSpec
from equeue.domain.statistics import DAY, HOUR, Period, Span

SPEC = JobSpec("bench.noop", payload=b'{"n": 1}')
OOPS = JobError.of("ValueError", "oops", "Traceback")
_UPDATE, _, _ = SUCCEED.partition("with ended as (")[2].partition("\n),\ncounted")
UNCOUNTED = {
    "SUCCEED": _UPDATE.partition(", j.queue")[0],
    "SETTLE": SETTLE.replace(f"counted as ({counting.SETTLED}),\n", ""),
}
COUNTED = {"SUCCEED": SUCCEED, "SETTLE": SETTLE}
HISTORY = """
insert into equeue.jobs (task, queue, status, attempt, lease_token, started_at, finished_at, result)
select 'bench.noop', 'q' || n %% 20, 'succeeded', 1, 1, now(), now(), 'null' from generate_series(1, %(ended)s) as n;
insert into equeue.jobs (task, queue, run_at)
select 'bench.noop', 'q' || n %% 20, now() + (n %% 3 - 1) * interval '1 hour' from generate_series(1, %(waiting)s) as n;
insert into equeue.stats_rollups (at, period, queue, task, user_id, enqueued, succeeded, waits, runs)
select date_bin('1 minute', now() - minute * interval '1 minute', '1970-01-01 00:00:00+00'), 'minute', 'q' || queue,
  'bench.noop', '00000000-0000-0000-0000-000000000000', 1000, 1000,
  array(select 100 * 256 + b from generate_series(10, 19) as b),
  array(select 100 * 256 + b from generate_series(5, 14) as b)
from generate_series(1, 1440) as minute, generate_series(0, 19) as queue;
"""


@attrs.frozen
class Side:
    """One of the two databases."""

    name: str
    url: str
    engine: AsyncEngine
    leases: PostgresJobLeases
    statements: dict[str, str]
    lane: Lane
    known: list[int] = attrs.field(factory=list, init=False)
    took: dict[str, list[float]] = attrs.field(factory=lambda: defaultdict(list), init=False)

    async def timed(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do something and note how long it took."""
        vars(settling).update(self.statements)
        pids = await self.pids()
        begin = on_cpu(pids)
        await work()
        self.took[what].append(on_cpu(pids) - begin)

    async def pids(self) -> tuple[int, ...]:
        """Return the server processes behind the lane and the pool, which has one connection more."""
        if not self.known:
            async with self.lane.connection() as driver, self.engine.connect() as connection:
                one = (await (await driver.execute("select pg_backend_pid()")).fetchall())[0][0]
                self.known.extend((one, (await connection.execute(text("select pg_backend_pid()"))).scalar_one()))
        return tuple(self.known)

    async def enqueue(self, jobs: int) -> None:
        """Store jobs in one transaction."""
        async with postgres_units_of_work(self.engine)() as unit:
            await unit.jobs.add([Birth(uuid7(), SPEC, None, None) for _ in range(jobs)])
            await unit.commit()

    async def claim(self, jobs: int) -> list[Claim]:
        """Claim jobs."""
        order = ClaimOrder(uuid4(), ("default",), jobs, timedelta(seconds=30))
        return list(await self.leases.claim(order))

    async def end(self, claims: list[Claim], outcome: Outcome) -> None:
        """Settle claims."""
        ran = timedelta(milliseconds=3)
        settlements = [settle(claim, outcome, DEFAULT_BACKOFF, jitter=0.5, ran=ran) for claim in claims]
        await self.leases.settle(settlements)


def a_side(name: str, url: str) -> Side:
    """Return a side that counts, unless its name says otherwise."""
    engine = create_engine(url)
    counts = name == "counted"
    if not counts:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter table equeue.jobs disable trigger jobs_enqueued")
    lane = Lane(engine)
    return Side(name, url, engine, PostgresJobLeases(lane), COUNTED if counts else UNCOUNTED, lane)


def on_cpu(pids: tuple[int, ...]) -> float:
    """Return for how many seconds processes have been on a CPU."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1e9


async def turn(side: Side, jobs: int, outcome: Outcome) -> None:
    """Take a set of jobs through its life."""
    await side.timed(f"enqueue {jobs}", partial(side.enqueue, jobs))
    claims: list[Claim] = []

    async def claim() -> None:
        claims.extend(await side.claim(jobs))

    await side.timed(f"claim {jobs}", claim)
    await side.timed(f"{type(outcome).__name__.lower()} {jobs}", partial(side.end, claims, outcome))


async def compare(sides: tuple[Side, Side], rounds: int) -> None:
    """Let both take turns, and print what each took and the ratio."""
    for jobs, times in ((1, 10 * rounds), (100, rounds), (1_000, max(1, rounds // 3))):
        for place in range(times):
            for side in sides if place % 2 else reversed(sides):
                await turn(side, jobs, Succeeded() if place % 3 else Failed(OOPS, retryable=False))
    counted, bare = sides
    print(f"{'':20}{'bare':>10}{'counted':>10}{'ratio':>8}   (lower quartiles, ms of CPU)")
    for what, times_taken in counted.took.items():
        with_, without = (statistics.quantiles(taken)[0] for taken in (times_taken, bare.took[what]))
        print(f"{what:20}{without * 1e3:10.3f}{with_ * 1e3:10.3f}{with_ / without:8.3f}")


async def looks(side: Side, jobs: int) -> None:
    """Fold what was counted, fill the database with history, and time looks at it."""
    figures, live = PostgresStatistics(side.engine), PostgresLiveFigures(side.engine)
    dead = PostgresDeadLetters(side.engine)
    while await dead.fold(1_000):
        pass
    begin, folded = time.perf_counter(), 0
    while some := await figures.fold(1_000):
        folded += some
    print(f"folded {folded} rows in {time.perf_counter() - begin:.2f} s")
    with psycopg.connect(side.url, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(HISTORY, {"ended": jobs * 7 // 10, "waiting": jobs * 3 // 10})
        connection.execute("vacuum analyze equeue.jobs")
    show = ShowStatistics(figures, live, dead, postgres_units_of_work(side.engine))
    span = Span.until(datetime.now(UTC), HOUR)
    parts: dict[str, Callable[[], Awaitable[object]]] = {
        "overview": lambda: show.overview(GroupFilter()),
        "  depths": lambda: live.depths(GroupFilter(), CAP),
        "  figures": lambda: figures.figures(GroupFilter(), span),
        "  stuck": lambda: live.stuck(GroupFilter(), 20),
        "12 hours by minutes": lambda: show.series(GroupFilter(), Period.MINUTE, span.end - DAY / 2, None),
    }
    for name, look in parts.items():
        taken = []
        for _ in range(20):
            begin = time.perf_counter()
            await look()
            taken.append(time.perf_counter() - begin)
        print(f"{name} of {jobs} jobs: median {statistics.median(taken) * 1e3:.1f} ms, most {max(taken) * 1e3:.1f} ms")


async def measure(rounds: int, jobs: int) -> None:
    """Measure on the newest PostgreSQL that is here."""
    name, binaries = next(iter(servers.versions().items()))
    print(name)
    with servers.running(binaries) as server:
        counted, bare = (a_side(each, servers.migrated(server, each)) for each in ("counted", "bare"))
        await compare((counted, bare), rounds)
        await looks(counted, jobs)
        for side in (counted, bare):
            await side.lane.close()
            await side.engine.dispose()


def main() -> None:
    """Measure what counting costs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--jobs", type=int, default=1_000_000)
    given = options.parse_args()
    asyncio.run(measure(given.rounds, given.jobs))


if __name__ == "__main__":
    main()
