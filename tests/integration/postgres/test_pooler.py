"""Behind a transaction-mode pooler: nothing prepared, no session setting, and a session that is anybody's."""

from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.builders import LEASE, OOPS, a_birth, an_order, seconds
from tests.contract.world import decided

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.reads import PostgresJobReads
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.domain.lease import Pulse
from equeue.domain.outcomes import Failed
from equeue.domain.status import JobStatus


@pytest.fixture
async def pooled(database_url: str, sql: psycopg.Connection[Any]) -> AsyncIterator[AsyncEngine]:
    """Give an engine as it is used behind a pooler, in front of a database with a time zone of its own."""
    name = sql.info.dbname
    sql.execute(f"alter database \"{name}\" set timezone = 'America/St_Johns'")
    engine = create_engine(database_url, pooler=True)
    yield engine
    await engine.dispose()


async def test_jobs_go_all_the_way(pooled: AsyncEngine) -> None:
    """Every instant is UTC all the same."""
    lane, units, reads = Lane(pooled), postgres_units_of_work(pooled), PostgresJobReads(pooled)
    leases = PostgresJobLeases(lane)
    births = [a_birth() for _ in range(3)]
    async with units() as unit:
        await unit.jobs.add(births)
        assert (await unit.now()).tzinfo is UTC
        await unit.commit()
    for _ in range(10):
        claims = await leases.claim(an_order())
        assert len(claims) == 3
        assert {claim.lease_expires_at.tzinfo for claim in claims} == {UTC}
        assert not (await leases.heartbeat([Pulse(claim.fence) for claim in claims], LEASE)).lost
        await leases.settle([decided(claim, Failed(OOPS, retry_after=seconds(0))) for claim in claims])
        async with units() as unit:
            jobs = await unit.jobs.load([birth.job_id for birth in births])
            if jobs[0].status is JobStatus.DEAD:
                break
    assert {job.status for job in jobs} == {JobStatus.DEAD}
    assert {instant.tzinfo for job in jobs for instant in (job.created_at, job.run_at, job.finished_at) if instant} == {
        UTC
    }
    found = await reads.get(births[0].job_id)
    assert found is not None
    assert found[1].tzinfo is UTC
    await lane.close()


async def test_a_lane_leaves_nothing_behind_in_a_session(pooled: AsyncEngine) -> None:
    """No statement stays prepared and no setting stays changed for whoever is next."""
    lane = Lane(pooled)
    leases = PostgresJobLeases(lane)
    for _ in range(10):
        await leases.claim(an_order())
    async with lane.connection() as connection:
        cursor = await connection.execute("select count(*) from pg_prepared_statements")
        assert await cursor.fetchone() == (0,)
        cursor = await connection.execute("select count(*) from pg_settings where source = 'session'")
        assert await cursor.fetchone() == (0,)
    await lane.close()
