"""What the database tells of itself: every adapter keeps the same promises."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
from tests.builders import a_birth

from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.system import MemorySystemReads
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application.ports.system import HolderKind, SystemReads, VacuumHolder
from equeue.application.ports.unit_of_work import UnitsOfWork


@attrs.frozen
class Stage:
    """A database that can be looked at, and one who writes into it."""

    reads: SystemReads
    units_of_work: UnitsOfWork


@asynccontextmanager
async def memory_stage() -> AsyncIterator[Stage]:
    """Give a stage in memory."""
    store = MemoryStore(MovableClock())
    yield Stage(MemorySystemReads(store), memory_units_of_work(store))


@asynccontextmanager
async def postgres_stage(url: str) -> AsyncIterator[Stage]:
    """Give a stage in PostgreSQL."""
    from equeue.adapters.postgres.engine import create_engine  # noqa: PLC0415 - memory alone needs no driver
    from equeue.adapters.postgres.system import PostgresSystemReads  # noqa: PLC0415
    from equeue.adapters.postgres.unit_of_work import postgres_units_of_work  # noqa: PLC0415

    engine = create_engine(url)
    yield Stage(PostgresSystemReads(engine), postgres_units_of_work(engine))
    await engine.dispose()


@pytest.fixture(params=["memory", "postgres"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Give an empty stage of each adapter."""
    opened = memory_stage() if request.param == "memory" else postgres_stage(request.getfixturevalue("database_url"))
    async with opened as stage:
        yield stage


async def test_each_table_is_told_once(stage: Stage) -> None:
    """By its name, in order, with sizes that are none or more."""
    async with stage.units_of_work() as unit:
        await unit.jobs.add([a_birth()])
        await unit.commit()
    facts = await stage.reads.look()
    names = [table.name for table in facts.tables]
    assert names == sorted(set(names))
    assert "jobs" in names
    assert all(table.bytes >= 0 and table.live_rows >= 0 and table.dead_rows >= 0 for table in facts.tables)
    assert facts.version
    assert facts.revision


async def test_nobody_holds_vacuum_back_in_a_quiet_database(stage: Stage) -> None:
    """Looking is not holding: the one who asks is left out."""
    assert (await stage.reads.look()).holders == ()


@pytest.mark.parametrize("kind", HolderKind)
def test_every_holder_has_a_remedy(kind: HolderKind) -> None:
    """In words that name what to do."""
    assert VacuumHolder(kind, "x", 1).remedy
