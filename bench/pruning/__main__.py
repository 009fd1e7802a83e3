"""A million jobs that ended long ago are pruned, while others are enqueued and run at a steady rate.

One worker with its default settings runs those others and does the pruning, all on one server. Measured is how long
each of the others waits, from when it was to be enqueued to the start of its handler, before, during and after the
pruning; during it, the 99th percentile may be at most twice the quiet one.
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import attrs
import psycopg

from bench.bulk import GOAL, Pickups, wait
from bench.worker.contenders import equeue
from bench.worker.processes import running
from bench.worker.stage import Stage, opened, value

KEPT = {"EQUEUE_KEEP_FINISHED_S": "86400", "EQUEUE_KEEP_DEAD_S": "86400"}
STRETCH_S = 10.0
WARM_S, SETTLED_S, ENDING_S = 8.0, 3.0, 60.0
SEED = """
with old as (
  insert into equeue.jobs (task, queue, status, attempt, lease_token, worker_id, created_at, started_at, finished_at,
    error, result, payload)
  select 'shop.bill', 'old', ended.status, 1, 1, gen_random_uuid(), ended.at, ended.at, ended.at + interval '1 s',
    case ended.status when 'dead' then jsonb_build_object('type', 'ValueError', 'message', 'no',
      'traceback', repeat('x', 1000), 'fingerprint', 'cause-' || n %% 20) end,
    case ended.status when 'succeeded' then '{"ok": true}'::jsonb end,
    jsonb_build_object('number', n, 'pad', repeat('x', 80))
  from generate_series(1, %(jobs)s) as n
  cross join lateral (
    select now() - interval '3 days' + n * interval '10 ms' as at,
      (case n %% 20 when 0 then 'dead' when 1 then 'cancelled' else 'succeeded' end)::equeue.job_status as status
  ) as ended
  returning id, status, error
)
insert into equeue.attempts (job_id, lease_token, attempt, outcome, error)
select id, 1, 1, 'failed', error from old where status = 'dead'
"""
# The pass is kept from beginning, as if somebody had just taken it, and then let go.
HOLD = """
insert into equeue.cadences (name, last_ran_at, next_at) values ('prune', now(), now())
on conflict (name) do update set last_ran_at = now()
"""
LET_GO = "update equeue.cadences set last_ran_at = now() - interval '1 day' where name = 'prune'"
PRUNED = "select n_tup_del from pg_stat_user_tables where relid = 'equeue.jobs'::regclass"
VACUUMS = "select autovacuum_count + autoanalyze_count from pg_stat_user_tables where relid = 'equeue.jobs'::regclass"
LEFT = "select count(*) from equeue.jobs where queue = 'old'"
OTHERS = "select count(*) from equeue.jobs where queue = 'bench'"

SETS = """
select calls, mean_exec_time, max_exec_time
from pg_stat_statements
where query like '%pruned as (%delete from%' and calls > 5
order by calls desc
limit 1
"""


@attrs.frozen
class Flow:
    """The jobs that flow: when the first was to be enqueued, in nanoseconds, and how many come in a second."""

    process: subprocess.Popen[str]
    begin: int
    rate: float

    def end(self) -> int:
        """Let no more come; return how many there were."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=ENDING_S)
        return int(said)


@attrs.frozen
class Marks:
    """When the pruning began and ended, in nanoseconds, and how many jobs were gone then."""

    begin: int
    end: int
    pruned: int

    def __str__(self) -> str:
        return f"pruned {self.pruned} in {self.seconds:.0f} s, {self.pruned / self.seconds:.0f} jobs/s"

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.begin) / 1e9

    def phase(self, at: int) -> str:
        """Return what was going on."""
        return "before" if at < self.begin else "during" if at < self.end else "after"


@contextlib.contextmanager
def flowing(stage: Stage, url: str, rate: float) -> Iterator[Flow]:
    """Have jobs enqueued at a steady rate."""
    command = [sys.executable, "-m", "bench.pruning.flow", url, str(rate)]
    with subprocess.Popen(command, env=stage.environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Flow(process, int(process.stdout.readline()) if process.stdout else 0, rate)
        finally:
            process.kill()


def pruned(connection: psycopg.Connection[Any], jobs: int, patience: float) -> Marks:
    """Let the pruning go, and return when it is through, or patience is."""
    begin = time.monotonic_ns()
    connection.execute(LET_GO)
    with contextlib.suppress(TimeoutError):
        wait(lambda: value(connection, PRUNED) >= jobs, patience)
    return Marks(begin, time.monotonic_ns(), value(connection, PRUNED))


def pickups(stage: Stage, flow: Flow, marks: Marks) -> dict[str, Pickups]:
    """Return how long the jobs waited, by what was going on when they were to be enqueued."""
    found = {name: Pickups(name, []) for name in ("before", "during", "after")}
    for number, at, _ in stage.starts.read():
        due = flow.begin + int(number * 1e9 / flow.rate)
        if due >= flow.begin + WARM_S * 1e9:
            found[marks.phase(due)].each.append((at - due) / 1e6)
    return found


def course(stage: Stage, flow: Flow, marks: Marks) -> str:
    """Return the 99th percentile of each ten seconds, so that a stall of the machine is told from a steady burden."""
    stretches: dict[int, list[float]] = {}
    for number, at, _ in stage.starts.read():
        waited = number / flow.rate
        stretches.setdefault(int(waited // STRETCH_S), []).append((at - flow.begin) / 1e6 - waited * 1e3)
    began = (marks.begin - flow.begin) / 1e9
    shown = " ".join(f"{Pickups('', each).quantile(0.99):.0f}" for _, each in sorted(stretches.items()))
    return f"p99 of each {STRETCH_S:.0f} s, pruning from second {began:.0f} to {began + marks.seconds:.0f}: {shown}"


def judged(stage: Stage, flow: Flow, marks: Marks, jobs: int) -> bool:
    """Print what there is to know; tell whether the goal is met."""
    found = pickups(stage, flow, marks)
    through = marks.pruned >= jobs
    quiet = Pickups("quiet", found["before"].each + (found["after"].each if through else []))
    for each in (*found.values(), quiet):
        print(each)
    print(course(stage, flow, marks))
    print(f"others that came during it: {len(found['during'].each) / marks.seconds:.0f} jobs/s")
    ratio = found["during"].quantile(0.99) / quiet.quantile(0.99)
    met = ratio <= GOAL and through
    print(f"  p99 during / quiet: {ratio:.2f} (goal ≤ {GOAL:.2f}) {'met' if met else 'NOT MET'}")
    return met


def measured(stage: Stage, url: str, options: argparse.Namespace) -> bool:
    """Measure in a database that holds the old jobs; tell whether the goals are met."""
    contender = equeue(20)
    worker = running(contender.command(contender.work, url), {**stage.environ, **KEPT}, stage.folder / "workers.log")
    with psycopg.connect(url, autocommit=True) as connection, worker as (started,):
        with flowing(stage, url, options.rate) as flow:
            time.sleep(WARM_S + options.quiet)
            print("load when pruning begins: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()), flush=True)
            marks = pruned(connection, options.jobs, options.patience)
            print(f"of {options.jobs} {marks}", flush=True)
            time.sleep(options.quiet)
            offered = flow.end()
        wait(lambda: len(stage.starts) >= offered, ENDING_S)
        started.check()
        time.sleep(SETTLED_S)
        vacuums = value(connection, VACUUMS)
        print(f"autovacuum came {vacuums} times")
        kept, left = value(connection, OTHERS), value(connection, LEFT)
    once = len(stage.starts) == len({number for number, _, _ in stage.starts.read()}) == kept == offered
    print(f"others: {offered}, each started once and kept: {'yes' if once else 'NO'}; old ones left: {left}")
    with psycopg.connect(stage.server.url) as connection:
        for calls, mean, most in connection.execute(SETS):
            print(f"{calls} sets, {mean:.1f} ms each, {most:.0f} ms the longest")
    return judged(stage, flow, marks, options.jobs) and once and left == 0


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.pruning", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="how many ended long ago")
    parser.add_argument("--rate", type=float, default=1_000.0, help="how many others come in a second")
    parser.add_argument("--quiet", type=float, default=30.0, help="seconds measured before, and after")
    parser.add_argument("--patience", type=float, default=1_800.0, help="seconds the pruning may take")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with opened() as stage, stage.database(equeue(20)) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(SEED, {"jobs": options.jobs})
            connection.execute(HOLD)
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")
        return 0 if measured(stage, url, options) else 3


if __name__ == "__main__":
    sys.exit(main())
