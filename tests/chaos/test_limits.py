"""Limits under kill -9 and SIGSTOP: never a lease too many by the database's word, and as many as may run after each.

Handlers that go on when their lease is lost are counted apart: no limit can hold them, the fence has to.
"""

import random
import signal
from collections import defaultdict
from pathlib import Path

import pytest
from tests.chaos.ledger import Line
from tests.chaos.rounds import report, rounds
from tests.chaos.spans import Span, handlers, leases, most
from tests.chaos.stage import LEASE_1S, Stage, stage

ROUNDS, MOST, SUPPLY = rounds(40, 2), 5, 8
WORKERS = 8 if ROUNDS > 2 else 4
KEYS = "abcde"
LIMITS = {
    "max_running": "insert into equeue.queues (name, max_running) values ('chaos', 5)",
    "max_running_per_key": "insert into equeue.queues (name, max_running_per_key) values ('chaos', 1)",
}
RATE = "insert into equeue.queues (name, rate_limit, rate_period_s, rate_burst) values ('chaos', 4, 1, 4)"
WAITING = "select count(*) from equeue.jobs where status = 'queued' and concurrency_key = %s"
HELD = "select id, lease_token from equeue.jobs where status = 'running'"
A_SECOND, BURST, A_MOMENT = 4, 4, 1


@pytest.mark.parametrize("limit", LIMITS)
def test_never_six_of_five_and_five_again(limit: str, database_url: str, tmp_path: Path) -> None:
    """Workers are killed and frozen in turn; each time five handlers run again, and never were six leases held."""
    chance = random.Random(limit)
    with stage(database_url, tmp_path, **LEASE_1S) as here:
        here.database.execute(LIMITS[limit].encode())
        for _ in range(WORKERS):
            here.start_named(EQUEUE_CONCURRENCY="3")
        for turn in range(ROUNDS):
            here.until(lambda: five(here), 60)
            strike(here, chance.choice(inside(here) or begun(here)[-1:]), freeze=turn % 2 == 1)
        given = leases(here)
    told = handlers(here.ledger_of_runs.lines(), given)
    report(
        f"{limit}, {WORKERS} workers, {ROUNDS} kills and freezes",
        leases=len(given),
        at_once=most(given),
        of_one_key=of_one_key(given),
        handlers_at_once=most(told.spans),
        outlived_their_lease=told.outlived,
    )
    assert most(given) == MOST
    assert most(told.spans) <= MOST
    assert limit == "max_running" or of_one_key(given) == 1


def test_no_rate_is_passed_and_none_is_lost(database_url: str, tmp_path: Path) -> None:
    """Four a second, and four at once: in every stretch of time, whoever is killed; and as many again after each."""
    with stage(database_url, tmp_path, **LEASE_1S) as here:
        here.database.execute(RATE)
        here.offer("chaos.stamp", count=(ROUNDS + 9) * 9 * A_SECOND)
        for _ in range(WORKERS):
            here.start_named()
        for turn in range(1, ROUNDS + 1):
            here.until(lambda: len(begun(here)) >= turn * 2 * A_SECOND, 60)  # noqa: B023 - asked before the next turn
            last = begun(here)[-1].pid
            (victim,) = [worker for worker in here.workers if worker.pid == last]
            if victim.alive:
                victim.tell(signal.SIGKILL)
            here.start_named()
        here.until(lambda: len(begun(here)) >= (ROUNDS + 1) * 2 * A_SECOND, 60)
        given = sorted(span.begin for span in leases(here))
    took = given[-1] - given[0]
    over = max(
        later - place + 1 - BURST - A_SECOND * (given[later] - given[place])
        for place in range(len(given))
        for later in range(place, len(given))
    )
    report(f"rate of 4/s, {WORKERS} workers, {ROUNDS} kills", starts=len(given), a_second=len(given) / took, over=over)
    assert over <= A_MOMENT, "a start is noted up to a quarter of a second after its token was taken"


def strike(here: Stage, line: Line, *, freeze: bool) -> None:
    """Kill the process that wrote a line, or freeze it, until five run elsewhere; then start another, or wake it."""
    (victim,) = [worker for worker in here.workers if worker.pid == line.pid]
    victim.tell(signal.SIGSTOP if freeze else signal.SIGKILL)
    here.until(lambda: five(here, besides=victim.pid), 60)
    if freeze:
        victim.tell(signal.SIGCONT)
    else:
        here.start_named(EQUEUE_CONCURRENCY="3")


def five(here: Stage, besides: int = 0) -> bool:
    """Tell whether five handlers run in living processes, and see that there is always work for more."""
    for key in KEYS:
        if here.number(WAITING, key) < SUPPLY:
            here.offer("chaos.wait", '{"seconds": 0.7}', SUPPLY, concurrency_key=key)
            here.offer("chaos.thread", '{"seconds": 0.7}', SUPPLY, concurrency_key=key)
    return sum(line.pid != besides for line in inside(here)) == MOST


def begun(here: Stage) -> list[Line]:
    """Return what began so far."""
    return here.ledger_of_runs.lines("began")


def inside(here: Stage) -> list[Line]:
    """Return the beginnings of handlers that run under a lease, in processes that live."""
    lines = here.ledger_of_runs.lines()
    over = {(line.job_id, line.token) for line in lines if line.what == "ended"}
    held = {tuple(row.values()) for row in here.database.execute(HELD)} - over
    alive = {worker.pid for worker in here.workers if worker.alive}
    return [line for line in lines if line.what == "began" and line.pid in alive and (line.job_id, line.token) in held]


def of_one_key(spans: list[Span]) -> int:
    """Return how many leases of one key were held at once."""
    by_key = defaultdict(list)
    for span in spans:
        by_key[span.key].append(span)
    return max(map(most, by_key.values()))
