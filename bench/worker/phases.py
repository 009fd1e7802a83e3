"""The phases: drain, pickup, idle, one long job among short ones, memory."""

import json
import statistics
import time
from collections.abc import Sequence

import attrs
import psycopg

from .contenders import Contender
from .processes import WorkerProcess
from .stage import Stage, fill, value, wait_for

START_S = 30.0
DRAIN_S = 120.0


class WrongCount(Exception):
    """Handlers started more or less often than jobs succeeded: the run's figures mean nothing."""


@attrs.frozen
class Drained:
    """One drain: jobs a second from the first start in the last worker to join, to the last job's success."""

    rate: float
    cpu_us: float
    statements: float
    megabytes: float


@attrs.frozen
class Quiet:
    """An idle worker: pickup in milliseconds, counted from the call that enqueues and from its return; idle cost."""

    p50: float
    p99: float
    returned_p50: float
    returned_p99: float
    statements: float
    cpu_ms: float
    megabytes: float


def drain(stage: Stage, contender: Contender, jobs: int, workers: int = 1) -> Drained:
    """Let workers empty a full table."""
    with stage.database(contender) as url:
        fill(url, contender, jobs)
        if contender.bare:
            return _bare(stage, contender, url, jobs)
        before = stage.statements(url)
        with stage.workers(contender, url, workers) as started, psycopg.connect(url, autocommit=True) as connection:
            wait_for(lambda: len(stage.starts) > 0, started, START_S, 0.002)
            cpu = _cpu(started)
            wait_for(lambda: len(stage.starts) >= jobs, started, DRAIN_S)
            wait_for(lambda: value(connection, contender.succeeded) >= jobs, started, DRAIN_S)
            end = time.monotonic_ns()
            spent, megabytes = _cpu(started) - cpu, max(worker.megabytes for worker in started)
            succeeded = value(connection, contender.succeeded)
        starts = stage.starts.read()
        _check(contender, starts, succeeded, jobs)
        joined = _all_joined(starts)
        late = sum(at >= joined for _, at, _ in starts)
        if len({start[2] for start in starts}) < workers or late < jobs / 2:
            raise WrongCount(f"{contender.name}: {jobs} jobs were too few for {workers} workers to drain them together")
        statements = (stage.statements(url) - before) / jobs
        return Drained(late / (end - joined) * 1e9, spent / jobs * 1e6, statements, megabytes)


def _all_joined(starts: Sequence[tuple[int, int, int]]) -> int:
    """Return when the last of the workers that took part started its first job."""
    return max(min(at for _, at, process in starts if process == one) for one in {start[2] for start in starts})


def _bare(stage: Stage, contender: Contender, url: str, jobs: int) -> Drained:
    before = stage.statements(url)
    done, seconds = json.loads(stage.call(contender.command(contender.work, url)))
    if done != jobs:
        raise WrongCount(f"{contender.name}: {done} of {jobs}")
    return Drained(done / seconds, float("nan"), (stage.statements(url) - before) / jobs, float("nan"))


def _cpu(workers: Sequence[WorkerProcess]) -> float:
    return sum(worker.cpu_seconds for worker in workers)


def _check(contender: Contender, starts: Sequence[tuple[int, int, int]], succeeded: int, jobs: int) -> None:
    if not len(starts) == len({number for number, _, _ in starts}) == succeeded == jobs:
        raise WrongCount(f"{contender.name}: {len(starts)} starts, {succeeded} succeeded, {jobs} jobs")


def quiet(stage: Stage, contender: Contender, calls: int, seconds: float) -> Quiet:
    """Offer an idle worker single jobs, then leave it alone."""
    with stage.database(contender) as url, stage.workers(contender, url) as (worker,):
        _warm_up(stage, contender, url, worker)
        stage.starts.clear()
        offered = stage.offer(contender, url, calls, 0.05)
        wait_for(lambda: len(stage.starts) >= calls, [worker], START_S)
        starts = {number: at for number, at, _ in stage.starts.read()}
        from_call = _milliseconds([starts[number] - before for number, (before, _) in enumerate(offered)])
        from_return = _milliseconds([starts[number] - after for number, (_, after) in enumerate(offered)])
        time.sleep(3)
        return Quiet(*from_call, *from_return, *idle(stage, url, [worker], seconds), worker.megabytes)


def _warm_up(stage: Stage, contender: Contender, url: str, worker: WorkerProcess) -> None:
    stage.offer(contender, url, 1, 0)
    wait_for(lambda: len(stage.starts) > 0, [worker], START_S)
    stage.offer(contender, url, 20, 0.05)
    wait_for(lambda: len(stage.starts) > 20, [worker], START_S)
    time.sleep(1)


def _milliseconds(times: Sequence[int]) -> tuple[float, float]:
    return statistics.median(times) / 1e6, statistics.quantiles(times, n=100)[-1] / 1e6


def idle(stage: Stage, url: str, workers: Sequence[WorkerProcess], seconds: float) -> tuple[float, float]:
    """Return statements and CPU milliseconds a second of workers that have nothing to do."""
    statements, cpu, begin = stage.statements(url), _cpu(workers), time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - begin
    return (stage.statements(url) - statements) / took, (_cpu(workers) - cpu) / took * 1e3


def idle_together(stage: Stage, contender: Contender, workers: int, seconds: float) -> tuple[float, float]:
    """Return statements and CPU milliseconds a second of several idle workers on one database."""
    with stage.database(contender) as url, stage.workers(contender, url, workers) as started:
        _warm_up(stage, contender, url, started[0])
        time.sleep(3)
        return idle(stage, url, started, seconds)


def beside_a_long_job(stage: Stage, contender: Contender, jobs: int, *, long: bool) -> float:
    """Return the rate at which short jobs are drained, with or without a job of 30 s among them."""
    with stage.database(contender) as url:
        if long:
            with psycopg.connect(url) as connection:
                connection.execute(
                    "insert into equeue.jobs (task, queue, payload) values ('bench.long', 'bench', '{\"seconds\": 30}')"
                )
        fill(url, contender, jobs)
        with stage.workers(contender, url) as started, psycopg.connect(url, autocommit=True) as connection:
            wait_for(lambda: len(stage.starts) >= jobs + long, started, START_S + DRAIN_S)
            wait_for(lambda: value(connection, contender.succeeded) >= jobs, started, DRAIN_S)
            end = time.monotonic_ns()
        starts = [start for start in stage.starts.read() if start[0] >= 0]
        _check(contender, starts, jobs, jobs)
        if long and _began(stage, -1) > starts[jobs // 10][1]:
            raise WrongCount(f"{contender.name}: the long job began only after a tenth of the short ones")
        return jobs / (end - starts[0][1]) * 1e9


def _began(stage: Stage, number: int) -> int:
    return next(at for each, at, _ in stage.starts.read() if each == number)


def memory(stage: Stage, contender: Contender, jobs: Sequence[int]) -> list[float]:
    """Return the megabytes of one worker, its garbage collected, after so many jobs each time."""
    held = []
    with (
        stage.database(contender) as url,
        stage.workers(contender, url) as (worker,),
        psycopg.connect(url, autocommit=True) as connection,
    ):
        for number, more in enumerate(jobs, start=1):
            fill(url, contender, more)
            connection.execute("select pg_notify('equeue.ready', 'bench')")
            done = sum(jobs[:number])
            wait_for(lambda done=done: value(connection, contender.succeeded) >= done, [worker], 300, 0.2)
            connection.execute("insert into equeue.jobs (task, queue) values ('bench.collect', 'bench')")
            connection.execute("select pg_notify('equeue.ready', 'bench')")
            wait_for(lambda done=done, n=number: len(stage.starts) >= done + n, [worker], START_S)
            time.sleep(0.5)
            held.append(worker.megabytes)
    return held
