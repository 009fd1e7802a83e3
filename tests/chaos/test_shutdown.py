"""SIGTERM under load, again and again: no job is lost, none is charged, none waits for a lease to run out."""

import json
import signal
import time
from pathlib import Path
from uuid import UUID

from tests.chaos.rounds import report, rounds
from tests.chaos.stage import UNITS, Stage, stage
from tests.integration.worker.processes import Worker

GRACE = 3.0
SETTINGS = {"EQUEUE_DRAIN_GRACE_S": str(GRACE), "EQUEUE_CONCURRENCY": "10"}
"""The lease is the default, 30 s: what is left to it would not be back within a round."""

BOOKINGS = 10
LOAD = (
    ("chaos.wait", {"seconds": 0.02}, 120),
    ("chaos.wait", {"seconds": 0.4}, 10),
    ("chaos.thread", {"seconds": 0.05}, 20),
    ("chaos.process", {"seconds": 0.1}, 4),
    ("chaos.book", {"account": 1, "linger": 0.1}, BOOKINGS),
)
ENDLESS = ("chaos.wait", {"seconds": 0.01, "first": 60}, 2)
"""These outlive every grace at their first attempt."""


def test_rolling_restarts_lose_and_charge_nothing(database_url: str, tmp_path: Path) -> None:
    """Each worker that is told to stop exits with 0 within its grace and holds nothing any more."""
    number, ids, took = rounds(50, 3), [], []
    with stage(database_url, tmp_path, **SETTINGS) as here:
        here.database.execute(UNITS)
        worker = here.start_named()
        for turn in range(number):
            following = here.start_named()
            ids += offered(here, endless=turn % 2 == 1 and turn < number - 1)
            here.until(lambda: begun_by(here, following) and begun_by(here, worker))  # noqa: B023
            took.append(ended(here, worker))
            worker = following
        here.until_ended(ids, 120)
        here.until(lambda: here.counts().keys() == {"succeeded"})
        assert here.number("select count(*) from units") == number * BOOKINGS
        assert here.counts() == {"succeeded": len(ids) + number * BOOKINGS}, "each booking has one receipt"
        assert here.number("select count(*) from equeue.jobs where retry_count > 0") == 0
        assert here.changes.taken_over() == 0
        assert here.ledger_of_runs.counts("ended") == dict.fromkeys(ids, 1)
        released = here.number("select count(*) from equeue.attempts where outcome = 'released'")
        assert released > 0, "no job was ever given back"
    report(
        f"SIGTERM under load, {number} rounds",
        jobs=len(ids),
        given_back=released,
        lost=0,
        charged=0,
        slowest_exit_s=max(took),
        grace_s=GRACE,
    )


def offered(here: Stage, *, endless: bool) -> list[UUID]:
    """Put a round's load into the queue."""
    load = (*LOAD, ENDLESS) if endless else LOAD
    return [job for task, payload, count in load for job in here.offer(task, json.dumps(payload), count)]


def begun_by(here: Stage, worker: Worker) -> bool:
    """Tell whether a handler of this worker runs, or has run."""
    return any(line.pid == worker.pid for line in here.ledger_of_runs.lines("began"))


def ended(here: Stage, worker: Worker) -> float:
    """Have a worker end, see that nothing is left of it, and return how long it took."""
    name = worker.until_logged("worker.started")["worker_id"]
    begin = time.monotonic()
    worker.tell(signal.SIGTERM)
    assert worker.wait(GRACE + 10) == 0, worker.lines
    took = time.monotonic() - begin
    held = here.number("select count(*) from equeue.jobs where status = 'running' and worker_id = %s", name)
    assert held == 0, f"{held} jobs are left to the lease"
    here.forget(worker)
    return took
