"""The world in PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import DateTime, text
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.contract.world import World

from equeue.adapters.postgres.bulk import PostgresBulkReads
from equeue.adapters.postgres.claiming import Claiming, Pace
from equeue.adapters.postgres.dead_letters import PostgresDeadLetters
from equeue.adapters.postgres.demand import PostgresDemands
from equeue.adapters.postgres.due import PostgresDueJobs
from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.intake import PostgresIntake
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.postgres.live_figures import PostgresLiveFigures
from equeue.adapters.postgres.models import TABLES
from equeue.adapters.postgres.presence import PostgresPresence
from equeue.adapters.postgres.pruning import PostgresPruning
from equeue.adapters.postgres.queue import PostgresJobQueue
from equeue.adapters.postgres.reads import PostgresJobReads
from equeue.adapters.postgres.situations import PostgresSituations
from equeue.adapters.postgres.statistics import PostgresStatistics
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.adapters.postgres.watching import PostgresJobWatch, PostgresTopicWatch
from equeue.application.ports.jobs import JobLeases

NEVER_SLOW = Pace(look=timedelta(days=1))
"""Where a look took long, the next ones start where the last ended and may pass over what was due before. How long
one takes is the machine's business; the contract's order holds of full looks."""

CONNECTIONS = 16
"""Enough for eight claimers at once, each on a connection of its own; they are opened on use."""


@asynccontextmanager
async def postgres_world(url: str) -> AsyncIterator[World]:
    """Give a world in the database at `url`, which is emptied first; time passes by making every row older."""
    engine = create_engine(url, pool_size=CONNECTIONS)
    await emptied(engine)
    lanes: list[Lane] = []
    queues: list[PostgresJobQueue] = []

    def lane() -> Lane:
        lanes.append(Lane(engine))
        return lanes[-1]

    def leases() -> JobLeases:
        return PostgresJobLeases(lane(), Claiming(NEVER_SLOW))

    def queue() -> PostgresJobQueue:
        queues.append(PostgresJobQueue(engine))
        return queues[-1]

    watching = lane()
    yield World(
        leases=leases(),
        units_of_work=postgres_units_of_work(engine),
        reads=PostgresJobReads(engine),
        bulk_reads=PostgresBulkReads(engine),
        demands=PostgresDemands(engine),
        pruning=PostgresPruning(engine),
        dead_letters=PostgresDeadLetters(engine),
        statistics=PostgresStatistics(engine),
        live_figures=PostgresLiveFigures(engine),
        queue=queue(),
        let_pass=lambda by: make_older(engine, by),
        another_leases=leases,
        another_queue=queue,
        due=PostgresDueJobs(lane()),
        intake=PostgresIntake(lane()),
        another_intake=PostgresIntake(lane()),
        job_watch=PostgresJobWatch(watching),
        topic_watch=PostgresTopicWatch(watching),
        let_be_counted=lambda: let_be_counted(engine, lanes),
        situations=PostgresSituations(engine),
        presence=PostgresPresence(lane()),
    )
    for opened in queues:
        await opened.close()
    for one in lanes:
        await one.close()
    await engine.dispose()


async def make_older(engine: AsyncEngine, by: timedelta) -> None:
    """Move every instant in the database into the past, which is all that passing time does to it."""
    async with engine.begin() as connection:
        for table in TABLES:
            instants = [column.name for column in table.columns if isinstance(column.type, DateTime)]
            if instants:
                shifts = ", ".join(f"{name} = {name} - cast(:by as interval)" for name in instants)
                await connection.execute(text(f"update {table.fullname} set {shifts}"), {"by": by})


async def let_be_counted(engine: AsyncEngine, lanes: Sequence[Lane]) -> None:
    """Have the sessions that wrote hand in what they counted; of themselves they do so a second later, or ten."""
    async with engine.connect() as connection:
        await connection.execute(text("select pg_stat_force_next_flush()"))
    for lane in lanes:
        async with lane.connection() as driver:
            await driver.execute("select pg_stat_force_next_flush()")


async def emptied(engine: AsyncEngine) -> None:
    """Delete every row."""
    async with engine.begin() as connection:
        for table in reversed(TABLES):
            await connection.execute(text(f"delete from {table.fullname}"))
        # the jobs that went were counted as they went
        await connection.execute(text("delete from equeue.dead_letter_changes"))
