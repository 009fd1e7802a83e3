"""How long one claim of 100 takes with what lies around it: `make bench-claim`.

Each case is a database of its own on one server; the cases take turns, so a machine that drifts drifts for all. The
measure is the ratio to the case in which nothing but those 100 jobs is there.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import attrs
import psycopg
from tests.servers import Server

from bench import servers
from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.statements import CLAIM
from equeue.domain.lease import ClaimOrder
from equeue.domain.outcomes import Succeeded
from equeue.domain.retry import DEFAULT_BACKOFF
from equeue.domain.settlement import settle

BATCH = 100
ORDER = ClaimOrder(uuid4(), ("default",), BATCH, timedelta(seconds=30))
FULL_LOOK = {
    "queues": ["default"] * 10,
    "priorities": list(range(10)),
    "after_run_at": [datetime.min.replace(tzinfo=UTC)] * 10,
    "after_id": [UUID(int=0)] * 10,
    "limit": BATCH,
    "lease": ORDER.lease,
    "worker": ORDER.worker_id,
    "begun": True,
    "tasks": None,
}
DUE = "insert into equeue.jobs (task, payload) select 'noop', '{\"n\": 1}' from generate_series(1, %s)"
FUTURE = (
    "insert into equeue.jobs (task, payload, priority, run_at)"
    " select 'noop', '{}', 0, now() + interval '1 day' from generate_series(1, %s)"
)
FINISHED = (
    "insert into equeue.jobs (task, payload, status, attempt, lease_token, started_at, finished_at, result)"
    " select 'noop', '{}', 'succeeded', 1, 1, now(), now(), 'null' from generate_series(1, %s)"
)


@attrs.frozen
class Case:
    """One database, the leases on it, and the milliseconds its claims took."""

    name: str
    url: str
    leases: PostgresJobLeases
    lane: Lane
    seconds: list[float] = attrs.field(factory=list)

    async def cycle(self) -> float:
        """Claim and settle one batch; return the seconds that the claim took."""
        begin = time.perf_counter()
        claims = await self.leases.claim(ORDER)
        took = time.perf_counter() - begin
        if len(claims) != BATCH:
            raise RuntimeError(f"{self.name}: claimed {len(claims)} of {BATCH}")
        await self.leases.settle([settle(claim, Succeeded(), DEFAULT_BACKOFF, jitter=0) for claim in claims])
        return took


def fill(url: str, statement: str, rows: int) -> None:
    """Run a seeding statement and bring the statistics up to date."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, (rows,))
        connection.execute("vacuum (analyze) equeue.jobs")


def open_case(server: Server, name: str, statement: str | None, rows: int) -> Case:
    """Make a case's database and fill it."""
    url = servers.migrated(server, f"bench_{uuid4().hex}")
    if statement:
        fill(url, statement, rows)
    engine = create_engine(url, pool_size=1)
    lane = Lane(engine)
    return Case(name, url, PostgresJobLeases(lane), lane)


def buffers(case: Case) -> int:
    """Return the buffers that one claim touches, index probe and update together; the claim is rolled back."""
    with psycopg.connect(case.url, autocommit=True) as connection:
        connection.execute("vacuum (analyze) equeue.jobs")
    with psycopg.connect(case.url) as connection:
        connection.execute(DUE, (BATCH,))
        row = connection.execute("explain (analyze, buffers, format json)" + CLAIM, FULL_LOOK).fetchone()
        connection.rollback()
    if row is None:
        raise RuntimeError("no plan")
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


async def around(cases: list[Case], rounds: int) -> None:
    """Let the cases take turns, `rounds` claims each, after a few that only warm up."""
    for number in range(rounds + 10):
        for case in cases:
            with psycopg.connect(case.url, autocommit=True) as connection:
                connection.execute(DUE, (BATCH,))
            took = await case.cycle()
            if number >= 10:
                case.seconds.append(took)
    for case in cases:
        await case.lane.close()


def report(version: str, cases: list[Case]) -> bool:
    """Print the table; return whether every ratio of medians is at most 2."""
    quiet = statistics.median(cases[0].seconds)
    touches = [buffers(case) for case in cases]
    print(f"\n{version}: one claim of {BATCH}, {len(cases[0].seconds)} times each")
    print(f"{'around it':34} {'median ms':>10} {'p95 ms':>8} {'ratio':>6} {'buffers':>8} {'ratio':>6}")
    fine = True
    for case, touched in zip(cases, touches, strict=True):
        median = statistics.median(case.seconds)
        p95 = statistics.quantiles(case.seconds, n=20)[-1]
        fine = fine and median <= 2 * quiet and touched <= 2 * touches[0]
        print(
            f"{case.name:34} {median * 1e3:10.2f} {p95 * 1e3:8.2f} {median / quiet:6.2f}"
            f" {touched:8} {touched / touches[0]:6.2f}"
        )
    return fine


async def held_snapshot(server: Server, jobs: int) -> bool:
    """Cycle `jobs` jobs with and without a snapshot held open, in turns; print and judge the rates."""
    free, held = (open_case(server, name, DUE, jobs) for name in ("free", "held"))
    with psycopg.connect(held.url) as analyst:
        analyst.execute("set transaction isolation level repeatable read")
        analyst.execute("select count(*) from equeue.jobs where status = 'queued' and false")
        for _ in range(jobs // BATCH):
            for case in (free, held):
                begin = time.perf_counter()
                await case.cycle()
                case.seconds.append(time.perf_counter() - begin)
    for case in (free, held):
        await case.lane.close()
    rate: Callable[[list[float]], float] = lambda seconds: BATCH * len(seconds) / sum(seconds)  # noqa: E731
    tenth = len(held.seconds) // 10
    ratio = rate(held.seconds) / rate(free.seconds)
    slope = rate(held.seconds[-tenth:]) / rate(held.seconds[:tenth])
    free_slope = rate(free.seconds[-tenth:]) / rate(free.seconds[:tenth])
    print(f"cycle of {jobs}: {rate(free.seconds):.0f} jobs/s free, {rate(held.seconds):.0f} with a snapshot held")
    print(f"  held/free {ratio:.2f}; last tenth/first tenth {slope:.2f} held, {free_slope:.2f} free")
    return ratio >= 0.9 and slope >= 0.9


def measure(version: str, binaries: Path, rounds: int, scale: float) -> bool:
    """Measure one version; return whether the goals are met."""
    million = int(1_000_000 * scale)
    with servers.running(binaries) as server:
        cases = [
            open_case(server, "nothing", None, 0),
            open_case(server, "100,000 due", DUE, million // 10),
            open_case(server, "1,000,000 due", DUE, million),
            open_case(server, "1,000,000 in the future, priority 0", FUTURE, million),
            open_case(server, "1,000,000 finished", FINISHED, million),
        ]
        asyncio.run(around(cases, rounds))
        fine = report(version, cases)
        return asyncio.run(held_snapshot(server, million // 10)) and fine


def main() -> int:
    """Measure every version found; the exit status says whether the goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million rows")
    options = parser.parse_args()
    judged = [measure(name, path, options.rounds, options.scale) for name, path in servers.versions().items()]
    return 0 if all(judged) else 3


if __name__ == "__main__":
    sys.exit(main())
