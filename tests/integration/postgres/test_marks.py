"""Claims that start where the last ones ended: what they spare, and how long they may overlook a late commit."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.builders import a_birth, an_order
from tests.integration.postgres.plans import buffers_of
from tests.integration.postgres.test_plans import claim_facts

from equeue.adapters.postgres import statements
from equeue.adapters.postgres.claiming import MOST_MARKED_CLAIMS, Claiming, Pace, lanes
from equeue.adapters.postgres.engine import Lane
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.unit_of_work import PostgresUnitOfWork, postgres_units_of_work
from equeue.domain.ids import JobId
from equeue.domain.lease import Claim

ALWAYS_SLOW = Pace(timedelta(microseconds=1), timedelta(0))
NEVER_SLOW = Pace(timedelta(hours=1))
BACKLOG = 2 * MOST_MARKED_CLAIMS

ENQUEUE = """
insert into equeue.jobs (task, run_at)
select 't', now() - %s * interval '1 ms' from generate_series(1, %s)
"""


@pytest.fixture
async def lane(engine: AsyncEngine) -> AsyncIterator[Lane]:
    """Give a lane."""
    opened = Lane(engine)
    yield opened
    await opened.close()


async def late_commit(engine: AsyncEngine, leases: PostgresJobLeases, sql: psycopg.Connection[Any]) -> JobId:
    """Commit a job only after a younger one was claimed, with many younger ones still waiting."""
    async with PostgresUnitOfWork(engine, timedelta(hours=1)) as slow:
        late = a_birth()
        await slow.jobs.add([late])
        sql.execute(ENQUEUE, (0, BACKLOG))
        assert len(await leases.claim(an_order(limit=1))) == 1
        await slow.commit()
    return late.job_id


async def claims_until(leases: PostgresJobLeases, job_id: JobId) -> int:
    """Claim job by job until this one comes; return how many came before."""
    for waited in range(BACKLOG):
        (claim,) = await leases.claim(an_order(limit=1))
        if claim.job_id == job_id:
            return waited
    raise AssertionError("overlooked")


async def test_a_late_commit_is_next_while_looks_are_quick(
    engine: AsyncEngine, lane: Lane, sql: psycopg.Connection[Any]
) -> None:
    """No mark is used then, and nothing is overlooked."""
    leases = PostgresJobLeases(lane, Claiming(NEVER_SLOW))
    late = await late_commit(engine, leases, sql)
    assert await claims_until(leases, late) == 0


async def test_a_late_commit_waits_for_a_bounded_number_of_claims(
    engine: AsyncEngine, lane: Lane, sql: psycopg.Connection[Any]
) -> None:
    """However slow looks are, a full one follows after so many."""
    leases = PostgresJobLeases(lane, Claiming(ALWAYS_SLOW))
    late = await late_commit(engine, leases, sql)
    assert 0 < await claims_until(leases, late) <= MOST_MARKED_CLAIMS


async def test_an_answer_short_of_what_was_asked_has_looked_everywhere(
    engine: AsyncEngine, lane: Lane, sql: psycopg.Connection[Any]
) -> None:
    """Who gets less than there was room for may wait for news: nothing due is left behind a mark."""
    leases = PostgresJobLeases(lane, Claiming(ALWAYS_SLOW))
    late = await late_commit(engine, leases, sql)
    rest = await leases.claim(an_order(limit=BACKLOG + 100))
    assert len(rest) == BACKLOG
    assert rest[0].job_id == late


async def test_marks_overlook_nothing_for_good(engine: AsyncEngine, lane: Lane) -> None:
    """Jobs of all priorities and queues, enqueued between claims, are all claimed once."""
    leases = PostgresJobLeases(lane, Claiming(ALWAYS_SLOW))
    expected: set[JobId] = set()
    taken: list[Claim] = []
    for n in range(60):
        births = [a_birth(queue=f"q{n % 3}", priority=(n * 7 + k) % 10) for k in range(5)]
        async with postgres_units_of_work(engine)() as unit:
            await unit.jobs.add(births)
            await unit.commit()
        expected |= {birth.job_id for birth in births}
        taken += await leases.claim(an_order("q0", "q1", "q2", limit=4))
    while more := await leases.claim(an_order("q0", "q1", "q2", limit=7)):
        taken += more
    assert len(taken) == len(expected)
    assert {claim.job_id for claim in taken} == expected


def test_a_mark_spares_what_a_held_snapshot_keeps(database_url: str, sql: psycopg.Connection[Any]) -> None:
    """While an old snapshot is held, claimed jobs stay in the index: a full look walks them, a marked one does not."""
    sql.execute(ENQUEUE, (0, 5_000))
    with psycopg.connect(database_url) as analyst:
        analyst.execute("set transaction isolation level repeatable read")
        analyst.execute("select 1")
        probed = lanes(["default"])
        facts = claim_facts(
            limit=100, queues=[queue for queue, _ in probed], priorities=[priority for _, priority in probed]
        )
        facts |= {"after_run_at": facts["after_run_at"][: len(probed)], "after_id": facts["after_id"][: len(probed)]}
        claim = sql.cursor(binary=True)
        claim.execute(statements.CLAIM, facts | {"limit": 4_000})
        run_at, job_id = max((row[15], row[0]) for row in claim.fetchall())
        marked = facts | {"after_run_at": [run_at] * len(probed), "after_id": [job_id] * len(probed)}
        full_look, marked_look = (buffers_of(sql, statements.CLAIM, look) for look in (facts, marked))
    assert full_look > 5 * marked_look
