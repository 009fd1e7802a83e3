"""SIGSTOP past the lease, then SIGCONT: what wakes up is cancelled, and nothing that it writes is accepted.

A process that sleeps while its lease is another's is the one that a status guard does not catch: the job runs again
when it wakes up. So each round is directed. The heir's handlers go on until the zombie has tried everything.
"""

import json
import signal
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import attrs
from tests.chaos.ledger import Line
from tests.chaos.rounds import report, rounds
from tests.chaos.stage import LEASE_1S, Stage, stage
from tests.integration.worker.processes import Worker

KINDS = ("zombie.polite", "zombie.stubborn", "zombie.thread")
A_MOMENT = 1.0


@attrs.define
class Tally:
    """What the zombies tried."""

    zombies: int = 0
    heartbeats: int = 0
    settlements: int = 0


def runs_of(here: Stage, ids: list[UUID], what: str) -> list[Line]:
    """Return what handlers of these jobs noted."""
    return [line for line in here.ledger_of_runs.lines(what) if line.job_id in ids]


def the_one_who_holds_most(here: Stage, ids: list[UUID]) -> tuple[Worker, set[UUID]]:
    """Return who is to be the zombie, and the jobs that it runs."""
    begun = runs_of(here, ids, "began")
    ((pid, _),) = Counter(line.pid for line in begun).most_common(1)
    (worker,) = [each for each in here.workers if each.pid == pid]
    return worker, {line.job_id for line in begun if line.pid == pid}


def test_a_stopped_process_that_wakes_up_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """No settlement, heartbeat or progress of a lost lease is accepted; the heir's result stays."""
    tally, number = Tally(), rounds(200, 3)
    with stage(database_url, tmp_path, **LEASE_1S) as here:
        here.start_named()
        here.start_named()
        for turn in range(number):
            one_round(here, tmp_path / f"gate-{turn}", tally)
            assert here.changes.stale() == []
        assert here.changes.taken_over() >= tally.zombies
    report(
        f"SIGSTOP past the lease, {number} rounds",
        zombies=tally.zombies,
        heartbeats_refused=tally.heartbeats,
        settlements_refused=tally.settlements,
        stale_writes_accepted=0,
    )
    assert tally.heartbeats > 0, "no zombie's heartbeat ever reached the database"
    assert tally.settlements > 0, "no zombie's settlement ever reached the database"


def one_round(here: Stage, gate: Path, tally: Tally) -> None:
    """Stop one of two workers, let the other take over, wake the first, and see what it does."""
    ids = [job for kind in KINDS for job in here.offer(kind, json.dumps({"gate": str(gate)}))]
    here.until(lambda: len(runs_of(here, ids, "began")) == len(ids))
    zombie, held = the_one_who_holds_most(here, ids)
    zombie.tell(signal.SIGSTOP)
    here.until(lambda: {line.job_id for line in runs_of(here, ids, "began") if line.token == 3} >= held)
    mark = here.changes.written()
    zombie.tell(signal.SIGCONT)
    here.until(lambda: {line.job_id for line in runs_of(here, ids, "cancelled") if line.pid == zombie.pid} >= held)
    deadline = time.monotonic() + A_MOMENT
    here.until(lambda: all(refused(here, mark)) or time.monotonic() > deadline)
    gate.touch()
    here.until_ended(ids)
    assert {here.job(job)["result"] for job in held} == {f"{job}:3" for job in held}
    heartbeats, settlements = refused(here, mark)
    tally.zombies += len(held)
    tally.heartbeats += heartbeats
    tally.settlements += settlements


def refused(here: Stage, mark: int) -> tuple[int, int]:
    """Return how many heartbeats and settlements changed nothing since `mark`."""
    return here.changes.refused("heartbeat", mark), here.changes.refused("settle", mark)


def test_a_lone_process_that_wakes_up_ends_each_job_once(database_url: str, tmp_path: Path) -> None:
    """Nobody took over while it slept: it renews its leases, gives its jobs back or takes them over, and ends each."""
    number, ids = rounds(50, 2), []
    held = "select count(*) from equeue.jobs where status = 'running' and (lease_expires_at > now()) = %s"
    with stage(database_url, tmp_path, **LEASE_1S) as here:
        worker = here.start_named()
        for turn in range(number):
            gate = tmp_path / f"gate-{turn}"
            jobs = [job for kind in KINDS for job in here.offer(kind, json.dumps({"gate": str(gate)}), 2)]
            here.until(lambda: {line.job_id for line in runs_of(here, jobs, "began")} == set(jobs))  # noqa: B023
            worker.tell(signal.SIGSTOP)
            here.until(lambda: here.number(held, True) == 0)
            worker.tell(signal.SIGCONT)
            here.until(lambda: here.number(held, False) == 0)
            gate.touch()
            here.until_ended(jobs)
            ids += jobs
        assert here.counts() == {"succeeded": len(ids)}
        assert here.changes.stale() == []
        assert worker.alive
        tokens = Counter(here.job(job)["lease_token"] for job in ids)
    report(f"a lone process stopped past its leases, {number} rounds", jobs=len(ids), tokens=dict(tokens))
