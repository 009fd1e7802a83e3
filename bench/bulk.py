"""100,000 dead jobs retried by one bulk operation, beside other work: `python -m bench.bulk`.

On the way it is aborted and resumed, and a worker is killed with -9. In the end each job must have been retried once.
The pickup latency of other jobs is measured before, during and after, in one run on one server; during it, the 99th
percentile may be at most twice the quiet one.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs
import psycopg

from bench.worker.contenders import Contender, equeue
from bench.worker.processes import WorkerProcess, running
from bench.worker.stage import Stage, opened
from equeue.adapters.postgres.bulk import PostgresBulkReads
from equeue.adapters.postgres.dead_letters import PostgresDeadLetters
from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.adapters.system import UuidV7Ids
from equeue.application.bulk import BulkRequest, SteerBulk
from equeue.application.ports.dead_letters import GroupFilter
from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import OPEN, BulkOperation
from equeue.domain.bulk_plan import BulkAction, BulkFilter

GROUPS, GAP_S, CALLS, GOAL = 20, 0.02, 500, 2.0
LISTING_MS, LOOKS, FOLDED_AT_ONCE = 200.0, 21, 1_000
PATIENCE_S = 600.0
SEED = f"""
with dead as (
  insert into equeue.jobs (task, queue, status, attempt, lease_token, max_retries, retry_count, worker_id, created_at,
    started_at, finished_at, error, payload)
  select 'shop.bill', 'dead', 'dead', 1, 1, 3, 3, gen_random_uuid(), now() - n * interval '10 ms',
    now(), now(), jsonb_build_object('type', 'ValueError', 'message', 'no', 'traceback', repeat('x', 1000),
      'fingerprint', 'cause-' || n %% {GROUPS}), jsonb_build_object('number', n, 'pad', repeat('x', 80))
  from generate_series(1, %(jobs)s) as n
  returning id, error
)
insert into equeue.attempts (job_id, lease_token, attempt, outcome, error) select id, 1, 1, 'failed', error from dead
"""
RETRIED = """
select count(*) filter (where revision = 1 and status = 'queued' and retry_count = 0), count(*),
  coalesce(max(revision), 0), (select count(*) from equeue.attempts as a join equeue.jobs as j on j.id = a.job_id
    where j.queue = 'dead')
from equeue.jobs where queue = 'dead'
"""


@attrs.frozen
class Pickups:
    """Milliseconds from the call that enqueues to the start of the handler."""

    name: str
    each: list[float]

    def quantile(self, share: float) -> float:
        """Return the value below which so many lie."""
        return sorted(self.each)[min(len(self.each) - 1, int(len(self.each) * share))]

    def __str__(self) -> str:
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        worst = max(self.each)
        return f"{self.name:8} {len(self.each):6} pickups: p50 {p50:6.2f} ms, p99 {p99:7.2f} ms, worst {worst:7.2f} ms"


@attrs.frozen
class Trial:
    """One database, the workers on it, and the operation."""

    stage: Stage
    contender: Contender
    url: str

    def pickups(self, name: str, rounds: int = 2) -> Pickups:
        """Offer jobs at a steady pace and return how long each waited."""
        each: list[float] = []
        for _ in range(rounds):
            self.stage.starts.clear()
            calls = self.stage.offer(self.contender, self.url, CALLS, GAP_S)
            wait(lambda: len(self.stage.starts) >= CALLS, 30.0)
            started = {number: at for number, at, _ in self.stage.starts.read()}
            each += [(started[number] - before) / 1e6 for number, (before, _) in enumerate(calls)]
        return Pickups(name, each)

    @contextlib.contextmanager
    def worker(self, *words: str) -> Iterator[WorkerProcess]:
        """Give one worker; `words` are more options."""
        command = [*self.contender.command(self.contender.work, self.url), *words]
        with running(command, self.stage.environ, self.stage.folder / "workers.log") as (started,):
            yield started


@attrs.frozen
class Operator:
    """Whoever asks for the operation, and looks after it."""

    url: str

    def call(self, what: str, *arguments: Any) -> Any:
        """Do one thing, on an engine of its own."""
        return asyncio.run(self._call(what, *arguments))

    async def _call(self, what: str, *arguments: Any) -> Any:
        engine = create_engine(self.url, pool_size=1)
        try:
            if what == "get":
                return await PostgresBulkReads(engine).get(*arguments)
            return await getattr(SteerBulk(postgres_units_of_work(engine), UuidV7Ids()), what)(*arguments)
        finally:
            await engine.dispose()

    def until(self, operation: BulkOperation, matched: int) -> BulkOperation:
        """Return the operation once so many jobs were decided on, or it has ended."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            now: BulkOperation = self.call("get", operation.id)
            if now.tally.matched >= matched or now.status not in OPEN:
                return now
            time.sleep(0.2)
        raise TimeoutError(f"{now.tally} after {PATIENCE_S} s")


def wait(reached: Any, seconds: float) -> None:
    """Return once `reached`."""
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError(f"not there after {seconds} s")
        time.sleep(0.01)


def carried_out(operator: Operator, jobs: int, victim: WorkerProcess) -> tuple[BulkOperation, float]:
    """Have the jobs retried, with an abort and a kill on the way; return the operation and how long it took."""
    request = BulkRequest(action=BulkAction.RETRY, where=BulkFilter(queues=("dead",)))
    preview = operator.call("preview", request)
    print(f"preview: {preview.survey.count} jobs, capped: {preview.survey.capped}", flush=True)
    began = time.monotonic()
    operation = operator.call("create", request, SYSTEM, preview.plan.hash)
    operator.until(operation, jobs // 4)
    aborted = operator.call("abort", operation.id, SYSTEM)
    time.sleep(1.0)
    still = operator.call("get", operation.id)
    print(f"aborted at {aborted.tally.matched}, a second later {still.tally.matched}", flush=True)
    if still.tally != aborted.tally:
        raise RuntimeError("it went on after the abort")
    operator.call("resume", operation.id, SYSTEM)
    operator.until(operation, jobs // 2)
    os.kill(victim.pid, signal.SIGKILL)
    print(f"killed a worker at about {jobs // 2}", flush=True)
    ended = operator.until(operation, jobs + 1)
    return ended, time.monotonic() - began


async def listing(dead: PostgresDeadLetters) -> float:
    """Return the median time in which the groups are listed, in milliseconds."""
    took: list[float] = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        found = await dead.groups(GroupFilter(), limit=50)
        took.append((time.perf_counter() - began) * 1e3)
        if len(found) != GROUPS:
            raise RuntimeError(f"{len(found)} groups are listed")
    return sorted(took)[LOOKS // 2]


async def listed(url: str) -> bool:
    """Print how long a list of the groups takes, just after all the deaths and once they are folded."""
    engine = create_engine(url, pool_size=1)
    dead = PostgresDeadLetters(engine)
    fresh, began = await listing(dead), time.monotonic()
    while await dead.fold(FOLDED_AT_ONCE):
        pass
    folding, folded = time.monotonic() - began, await listing(dead)
    await engine.dispose()
    print(f"{GROUPS} groups: {fresh:.1f} ms with every death unfolded, {folding:.1f} s to fold them")
    print(f"  listed in {folded:.1f} ms (goal ≤ {LISTING_MS:.0f}) {'met' if folded <= LISTING_MS else 'NOT MET'}")
    return folded <= LISTING_MS


def measured(trial: Trial, jobs: int) -> bool:
    """Print what there is to know; tell whether the goals are met."""
    operator = Operator(trial.url)
    with trial.worker() as _, trial.worker("-q", "elsewhere") as victim, ThreadPoolExecutor(1) as pool:
        trial.pickups("warm", 1)
        before = trial.pickups("before", 4)
        work: Future[tuple[BulkOperation, float]] = pool.submit(carried_out, operator, jobs, victim)
        during: list[float] = []
        while not work.done():
            during += trial.pickups("during", 1).each
        ended, took = work.result()
        after = trial.pickups("after", 4)
    print(f"{ended.status}: {ended.tally} in {took:.0f} s, {jobs / took:.0f} jobs/s")
    quiet, busy = Pickups("quiet", before.each + after.each), Pickups("during", during)
    for each in (before, busy, after, quiet):
        print(each)
    with psycopg.connect(trial.url) as connection:
        once, known, most, attempts = connection.execute(RETRIED).fetchone() or (0, 0, 0, 0)
    print(f"retried once: {once} of {known}, most changes of one job: {most}, attempts kept: {attempts}")
    ratio = busy.quantile(0.99) / quiet.quantile(0.99)
    exactly = (once, known, most, attempts) == (jobs, jobs, 1, jobs) and ended.tally.done == jobs
    met = ratio <= GOAL
    print(f"  each job once: {'met' if exactly else 'NOT MET'}")
    print(f"  p99 during / quiet: {ratio:.2f} (goal ≤ {GOAL:.2f}) {'met' if met else 'NOT MET'}")
    return exactly and met


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000)
    jobs = parser.parse_args().jobs
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    contender = equeue(20)
    with opened() as stage, stage.database(contender) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SEED, {"jobs": jobs})
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")
        quickly = asyncio.run(listed(url))
        return 0 if measured(Trial(stage, contender, url), jobs) and quickly else 3


if __name__ == "__main__":
    sys.exit(main())
