"""A database that goes away is `Unavailable` on every path, and is used again once it is back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.builders import LEASE, a_birth, an_order
from tests.contract.world import World

from equeue.adapters.postgres.cadences import PostgresCadences
from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.reads import PostgresJobReads
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.application.ports.idempotency import IdempotencyKey
from equeue.application.ports.reads import JobFilter
from equeue.domain.errors import Unavailable
from equeue.domain.lease import Fence, Pulse

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
async def nowhere() -> AsyncIterator[AsyncEngine]:
    """Give an engine that leads to no server."""
    engine = create_engine("postgresql://nobody:secret@127.0.0.1:1/nowhere")
    yield engine
    await engine.dispose()


async def test_no_server_is_unavailable_on_every_path(nowhere: AsyncEngine) -> None:
    """Whatever is asked; and the password is in no message."""
    lane = Lane(nowhere)
    leases, reads, units = PostgresJobLeases(lane), PostgresJobReads(nowhere), postgres_units_of_work(nowhere)
    birth = a_birth()
    paths: list[Callable[[], Awaitable[object]]] = [
        lambda: leases.claim(an_order()),
        lambda: leases.claim(an_order(), [birth.job_id]),
        lambda: leases.heartbeat([Pulse(Fence(birth.job_id, 1))], LEASE),
        lambda: leases.expire(1),
        lambda: leases.lapse(1, lambda _: []),
        lambda: PostgresCadences(lane).tick({"lapse": timedelta(seconds=1)}, ["default"]),
        lambda: reads.get(birth.job_id),
        lambda: reads.page(JobFilter(), limit=1),
        lambda: reads.attempts(birth.job_id),
        lambda: units().now(),
        lambda: units().jobs.add([birth]),
        lambda: units().jobs.load([birth.job_id]),
        lambda: units().idempotency.reserve(IdempotencyKey("p", "k", b"h")),
        lambda: units().catalogue.find({"t"}),
        lambda: units().accounts.find_user("a@b"),
    ]
    for ask in paths:
        with pytest.raises(Unavailable) as away:
            await ask()
        assert "secret" not in str(away.value)


async def test_cut_connections_are_unavailable_once(world: World, sql: psycopg.Connection[Any]) -> None:
    """Whoever was connected hears of it or not; a moment later everything works again."""
    await world.enqueue(a_birth())
    await world.beat(await world.claimed(a_birth()))
    sql.execute(CUT)
    with pytest.raises(Unavailable):
        await world.leases.claim(an_order())
    assert len(await world.claim()) == 1
    await world.enqueue(a_birth())


async def test_a_unit_whose_connection_was_cut_keeps_nothing(world: World, sql: psycopg.Connection[Any]) -> None:
    """Its commit says so."""
    birth = a_birth()
    async with world.units_of_work() as unit:
        await unit.jobs.add([birth])
        sql.execute(CUT)
        with pytest.raises(Unavailable):
            await unit.commit()
    assert await world.reads.get(birth.job_id) is None


async def test_an_exhausted_pool_is_unavailable(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever for a connection."""
    monkeypatch.setattr("equeue.adapters.postgres.engine.PATIENCE_S", 0.05)
    engine = create_engine(database_url, pool_size=1)
    units = postgres_units_of_work(engine)
    async with units() as first:
        await first.now()
        async with units() as second:
            with pytest.raises(Unavailable):
                await second.now()
    await engine.dispose()
