"""Effects and jobs that live and die with a transaction, under kill -9 and under settlements that fail."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from tests.chaos.rounds import report, rounds
from tests.chaos.stage import LEASE_1S, UNITS, Stage, stage

from equeue.entrypoints.dev.postgres import leashed

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name like 'worker-%'
"""

CURSES = {
    "refused": "raise check_violation using message = 'cursed'",
    "conflicting": "raise serialization_failure using message = 'cursed'",
    "cut off": "perform pg_terminate_backend(pg_backend_pid())",
}
"""What becomes of a settlement that says success, the first two times."""

CURSE = """
create sequence cursed;
create function curse() returns trigger language plpgsql as $$
begin
    if nextval('cursed') <= 2 then {}; end if;
    return null;
end $$;
create trigger curse after update on equeue.jobs for each row
    when (new.status = 'succeeded' and new.payload ->> 'curse' is not null) execute function curse();
"""

CALLER = """
import sys
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from equeue import enqueue
from equeue.adapters.postgres.engine import read_url
from tests.chaos.app import short

with Session(create_engine(read_url(sys.argv[1]))) as session:
    enqueue(session, short, n=1)
    session.flush()
    print("enqueued", flush=True)
    sys.stdin.read()
    session.commit()
"""


def test_killed_workers_book_each_account_once(database_url: str, tmp_path: Path) -> None:
    """Kill -9 at any moment between the handler's block and the commit: effects and children exactly once."""
    number, chance = rounds(200, 3), random.Random(2026)
    with stage(database_url, tmp_path, **LEASE_1S, EQUEUE_CONCURRENCY="4") as here:
        here.database.execute(UNITS)
        ids: dict[UUID, int] = {}
        here.start_named()
        for _ in range(number):
            following = here.start_named()
            victim = here.workers[-2]
            for account in range(len(ids), len(ids) + 12):
                ids[book(here, account, chance)] = account
            seen = booked_by(here, victim.pid)
            target = seen + chance.randint(1, 6)
            here.until(lambda: booked_by(here, victim.pid) >= target or settled(here, ids))  # noqa: B023
            victim.tell(signal.SIGKILL)
            victim.wait()
            here.forget(victim)
            assert following.alive
        here.until_ended(list(ids), 120)
        judge_bookings(here, ids, f"kill -9, {number} kills")


def test_cut_connections_book_each_account_once(database_url: str, tmp_path: Path) -> None:
    """All of a worker's connections end at once, again and again, also between a commit and its answer."""
    number, chance = rounds(200, 6), random.Random(2026)
    with stage(database_url, tmp_path, **LEASE_1S, EQUEUE_CONCURRENCY="8") as here:
        here.database.execute(UNITS)
        ids: dict[UUID, int] = {}
        here.start_named()
        here.start_named()
        for _ in range(number):
            for account in range(len(ids), len(ids) + 10):
                ids[book(here, account, chance)] = account
            pids = {worker.pid for worker in here.workers}
            seen = sum(booked_by(here, pid) for pid in pids)
            target = seen + chance.randint(1, 8)
            here.until(lambda: sum(booked_by(here, pid) for pid in pids) >= target or settled(here, ids))  # noqa: B023
            here.database.execute(CUT)
        here.until_ended(list(ids), 120)
        assert [worker.alive for worker in here.workers] == [True, True]
        judge_bookings(here, ids, f"{number} times all connections cut")


def book(here: Stage, account: int, chance: random.Random) -> UUID:
    """Enqueue one booking."""
    (job_id,) = here.offer("chaos.book", json.dumps({"account": account, "linger": chance.uniform(0, 0.2)}))
    return job_id


def booked_by(here: Stage, pid: int) -> int:
    """Return how many bookings a process has written, committed or not."""
    return sum(line.pid == pid for line in here.ledger_of_runs.lines("booked"))


def settled(here: Stage, ids: dict[UUID, int]) -> bool:
    """Tell whether nothing is left to book."""
    return here.number("select count(*) from equeue.jobs where id = any(%s) and finished_at is null", list(ids)) == 0


def judge_bookings(here: Stage, ids: dict[UUID, int], fault: str) -> None:
    """See that each account was booked once, under the token that settled its job, with one receipt."""
    rows = here.database.execute("select account, job_id, token from units order by account").fetchall()
    assert [(row["job_id"], row["account"]) for row in rows] == list(ids.items())
    results = {job_id: here.job(job_id)["result"] for job_id in ids}
    assert {row["job_id"]: f"{row['job_id']}:{row['token']}" for row in rows} == results
    children = "select count(*), count(distinct parent_id) as parents from equeue.jobs where parent_id is not null"
    assert here.database.execute(children).fetchall() == [{"count": len(ids), "parents": len(ids)}]
    assert here.changes.orphans() == 0
    assert here.changes.stale() == []
    undone = len(here.ledger_of_runs.lines("booked")) - len(ids)
    assert undone > 0, "the fault never met an open transaction"
    report(f"ctx.transaction() under {fault}", booked=len(ids), undone=undone, twice=0, lost=0)


@pytest.mark.parametrize("curse", CURSES)
def test_a_settlement_that_fails_leaves_neither_child_nor_effect(database_url: str, tmp_path: Path, curse: str) -> None:
    """Children and what the handler wrote are there if and only if its success is, however often that is sent."""
    with stage(database_url, tmp_path) as here:
        here.database.execute(UNITS)
        here.database.execute(CURSE.format(CURSES[curse]).encode())
        here.start_named()
        (parent,) = here.offer("chaos.family", json.dumps({"curse": curse}))
        here.until_ended([parent])
        tries = here.number("select last_value from cursed")
        here.database.execute("select setval('cursed', 1, false)")
        (booking,) = here.offer("chaos.book", json.dumps({"account": 1, "curse": curse}))
        here.until_ended([booking])
        children = "select count(*) from equeue.jobs where parent_id = %s"
        seen = [here.number(children, job) for job in (parent, booking)]
        tokens = [row["token"] for row in here.database.execute("select token from units")]
        family, booked = here.job(parent), here.job(booking)
        assert here.changes.orphans() == 0
    if curse == "refused":
        assert (family["status"], booked["status"], seen, tokens) == ("dead", "dead", [0, 0], [])
    else:
        assert (family["status"], family["retry_count"], tries) == ("succeeded", 0, 3)
        assert (booked["status"], booked["result"], tokens) == ("succeeded", f"{booking}:3", [3])
        assert seen == [2, 1]


@pytest.mark.parametrize("end", ["kill", "commit"])
def test_a_caller_killed_before_its_commit_leaves_no_job(database_url: str, tmp_path: Path, end: str) -> None:
    """What it had enqueued in its transaction is rolled back with it; what it commits is run."""
    with stage(database_url, tmp_path) as here:
        here.start_named()
        caller = subprocess.Popen(
            leashed([sys.executable, "-c", CALLER, database_url], signal.SIGKILL),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with caller:
            assert caller.stdout is not None
            assert caller.stdout.readline() == "enqueued\n"
            if end == "kill":
                caller.kill()
            caller.communicate(timeout=30)
        probe = here.offer("chaos.short")
        here.until_ended(probe)
        here.until(lambda: "queued" not in here.counts())
        assert here.counts() == {"succeeded": 1 if end == "kill" else 2}
