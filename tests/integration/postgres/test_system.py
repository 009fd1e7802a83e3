"""What PostgreSQL tells of sizes, dead rows and old snapshots."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg.rows import TupleRow
from tests import components
from tests.builders import a_birth

from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.system import PostgresSystemReads
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.application.ports.system import DatabaseFacts, HolderKind

SECRET = "hunter2"


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[PostgresSystemReads]:
    """Give what looks at a fresh database with a few jobs in it."""
    engine = create_engine(database_url)
    async with postgres_units_of_work(engine)() as unit:
        await unit.jobs.add([a_birth() for _ in range(3)])
        await unit.commit()
    yield PostgresSystemReads(engine)
    await engine.dispose()


async def looked(reads: PostgresSystemReads, url: str) -> DatabaseFacts:
    """Look, once the statistics of every session are in."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("analyze equeue.jobs")
    return await reads.look()


async def test_tables_and_indexes_have_sizes(reads: PostgresSystemReads, database_url: str) -> None:
    """Those of the jobs are all there, and analyze has been."""
    facts = await looked(reads, database_url)
    (jobs,) = (table for table in facts.tables if table.name == "jobs")
    assert jobs.bytes > 0
    assert jobs.live_rows == 3
    assert jobs.analyzed_at is not None
    assert {"pk_jobs", "ix_jobs_claim"} <= {index.name for index in jobs.indexes}
    assert all(index.bytes > 0 for index in jobs.indexes)
    assert facts.bytes > jobs.bytes


async def test_an_old_snapshot_is_told_by_its_session(reads: PostgresSystemReads, database_url: str) -> None:
    """With how many transactions have begun since, and never with the statement it ran."""
    async with await psycopg.AsyncConnection.connect(database_url, application_name="reports") as old:
        await old.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await old.execute(f"select '{SECRET}'")
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as busy:
            for _ in range(5):
                await busy.execute("select pg_current_xact_id()")
        (holder,) = (await reads.look()).holders
        assert holder.kind is HolderKind.SESSION
        assert holder.name == f"reports, pid {old.info.backend_pid}"
        assert holder.transactions >= 5
        assert holder.age is not None
        assert SECRET not in repr(holder)


async def test_what_ended_holds_nothing(reads: PostgresSystemReads, database_url: str) -> None:
    """Once its transaction is over, a session is no longer told."""
    async with await psycopg.AsyncConnection.connect(database_url) as session:
        await session.execute("select 1")
        await session.commit()
        assert (await reads.look()).holders == ()


async def test_a_replication_slot_is_told(reads: PostgresSystemReads, database_url: str) -> None:
    """A slot that holds a snapshot outlives every session, so it is named with what drops it."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await able(connection, "wal_level", "logical")
        await connection.execute("select pg_create_logical_replication_slot('equeue_test', 'test_decoding')")
        try:
            slots = [holder for holder in (await reads.look()).holders if holder.kind is HolderKind.SLOT]
        finally:
            await connection.execute("select pg_drop_replication_slot('equeue_test')")
    (slot,) = slots
    assert slot.name == "equeue_test"
    assert "pg_drop_replication_slot" in slot.remedy


async def test_a_prepared_transaction_is_told(reads: PostgresSystemReads, database_url: str) -> None:
    """It has no session, survives a restart, and lasts until somebody finishes it."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await able(connection, "max_prepared_transactions", "4")
        await connection.execute("begin; update equeue.jobs set priority = priority; prepare transaction 'forgotten'")
        (holder,) = (await reads.look()).holders
        await connection.execute("rollback prepared 'forgotten'")
    assert (holder.kind, holder.name) == (HolderKind.PREPARED, "forgotten")


async def able(connection: psycopg.AsyncConnection[TupleRow], setting: str, needed: str) -> None:
    """Go on if the server is set up for the test; the tests' own is."""
    (value,) = await (await connection.execute("select current_setting(%s)", [setting])).fetchone() or ("",)
    if value != needed:
        components.missing(f"{setting} = {needed}", "set it in postgresql.conf and restart the server")
