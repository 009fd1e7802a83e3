"""A claimer that is frozen while it holds the turn of a queue with limits loses it, wherever it was."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import attrs
import psycopg
import pytest
from tests.builders import an_order

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.domain.errors import Unavailable
from equeue.domain.lease import Claim

LIMITED = """
insert into equeue.queues (name, max_running, max_running_per_key) values ('default', 5, 1);
insert into equeue.jobs (task, concurrency_key) select 'test.task', n from generate_series(1, 9) as n;
"""
HELD = "select count(*) = 0 from (select from equeue.queues for update skip locked) as free"
IDLE = """
select count(*) = 1 from pg_stat_activity
where datname = current_database() and application_name = 'frozen' and state = 'idle in transaction'
"""
STEPS = 1_000


@attrs.frozen
class Frozen:
    """A claim that goes on one turn of its loop at a time."""

    loop: asyncio.AbstractEventLoop
    leases: PostgresJobLeases

    def step(self) -> None:
        """Let it do what it can without waiting."""
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()


@pytest.fixture
def watcher(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection to a database with a queue with limits."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(LIMITED.encode())
        yield connection


@pytest.fixture
def frozen(database_url: str) -> Iterator[Frozen]:
    """Give a claimer that the database knows as `frozen`."""
    engine = create_engine(f"{database_url}&application_name=frozen")
    with asyncio.Runner() as runner:
        lane = Lane(engine)
        yield Frozen(runner.get_loop(), PostgresJobLeases(lane))
        runner.run(lane.close())
        runner.run(engine.dispose())


def true(watcher: psycopg.Connection[Any], question: str) -> bool:
    """Ask the database."""
    row = watcher.execute(question.encode()).fetchone()
    return row is not None and bool(row[0])


def settles(watcher: psycopg.Connection[Any], question: str, seconds: float = 5.0) -> bool:
    """Tell whether something becomes true while the claimer stands still."""
    end = time.monotonic() + seconds
    while not (answer := true(watcher, question)) and time.monotonic() < end:
        pass
    return answer


def test_whoever_stands_still_in_a_claim_is_seen_to_be_idle(watcher: psycopg.Connection[Any], frozen: Frozen) -> None:
    """At each step at which it holds the turn: so the server ends its session after five seconds."""
    claim = frozen.loop.create_task(frozen.leases.claim(an_order("default", limit=3)))
    held = 0
    for _ in range(STEPS):
        frozen.step()
        if claim.done():
            break
        if true(watcher, HELD):
            held += 1
            assert settles(watcher, f"select ({IDLE}) or not ({HELD})"), "it is at work for ever"
    assert held >= 2
    assert len(claim.result()) == 3


def test_others_have_their_turn_when_one_is_frozen(watcher: psycopg.Connection[Any], frozen: Frozen) -> None:
    """After five seconds, for as many jobs as may run."""
    claim = frozen.loop.create_task(frozen.leases.claim(an_order("default", limit=3)))
    while not true(watcher, HELD):
        frozen.step()
    assert settles(watcher, f"select not ({HELD})", 30.0)
    with pytest.raises(Unavailable):
        frozen.loop.run_until_complete(claim)
    again: list[Claim] = list(frozen.loop.run_until_complete(frozen.leases.claim(an_order("default", limit=9))))
    assert len(again) == 5
