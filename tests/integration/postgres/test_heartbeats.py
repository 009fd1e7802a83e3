"""What a heartbeat costs the database, and that bad progress costs nobody a lease."""

from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.builders import LEASE, a_birth
from tests.contract.world import World

from equeue.adapters.postgres.engine import Lane
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.domain.lease import Pulse

UPDATES = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'jobs'"


async def test_no_index_learns_of_a_heartbeat(world: World, engine: AsyncEngine, sql: psycopg.Connection[Any]) -> None:
    """With room on the page every extension, with or without progress, is a HOT update."""
    sql.execute("alter table equeue.jobs set (fillfactor = 20)")
    claim = await world.claimed(a_birth(), begun=False)
    lane = Lane(engine)
    for n in range(10):
        progress = b'{"at": %d}' % n if n % 2 else None
        await PostgresJobLeases(lane).heartbeat([Pulse(claim.fence, begun=n > 4, progress=progress)], LEASE)
    async with lane.connection() as connection:
        await connection.execute("select pg_stat_force_next_flush()")
    await lane.close()
    updates, hot = sql.execute(UPDATES).fetchone() or (0, 0)
    assert hot == 10
    assert updates <= 11


async def test_progress_that_cannot_be_stored_costs_no_lease(world: World) -> None:
    """All leases of the set are extended; only what was told of progress is dropped."""
    first, second = await world.claimed(a_birth()), await world.claimed(a_birth())
    for bad in (b'"\\u0000"', b'"\xff', b"no json", b'"' + b"x" * 100_000 + b'"'):
        answer = await world.leases.heartbeat([Pulse(first.fence, progress=bad), Pulse(second.fence)], LEASE)
        assert not answer.lost
    assert (await world.job(first.job_id)).progress is None
