"""Opens the ways to the database: which address, through how many connections, for whom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.postgres.engine import Lane, create_engine
from ..adapters.postgres.leases import PostgresJobLeases
from ..application.ports.jobs import JobLeases
from .settings import BadSetting, Settings

HANDLERS_POOL = 10
"""Connections that handlers may have open at a time for `ctx.transaction()`; none before the first is."""

POOL = 5
"""Connections a process may hold at most for its work, beside those for hints, heartbeats and maintenance."""

INTAKE_POOL = 2
"""INSERTs of single jobs that the API has under way at a time, each over a connection of its own."""

HINTS_POOL = 2
"""Connections for hints, each opened on use: one listens, one rings."""


def database_url(settings: Settings) -> str:
    """Return where the database is; raise `BadSetting` if nobody said."""
    if settings.database_url is None:
        raise BadSetting(
            "EQUEUE_DATABASE_URL",
            "is missing",
            "Set it to postgresql://user:password@host:5432/database, or use `equeue dev`, which brings a database.",
        )
    return settings.database_url


def direct_url(settings: Settings) -> str:
    """Return where the database is past any pooler."""
    return settings.direct_database_url or database_url(settings)


def open_engine(settings: Settings, pool_size: int = POOL) -> AsyncEngine:
    """Return an engine as the settings want it."""
    return create_engine(database_url(settings), pooler=settings.pooler == "transaction", pool_size=pool_size)


def open_hints_engine(settings: Settings) -> AsyncEngine:
    """Return an engine that leads past any pooler, for LISTEN is bound to its session."""
    return create_engine(direct_url(settings), pool_size=HINTS_POOL)


@asynccontextmanager
async def own_leases(settings: Settings) -> AsyncIterator[JobLeases]:
    """Give leases over a connection of their own, on the loop that asks."""
    engine = open_engine(settings, pool_size=1)
    lane = Lane(engine)
    try:
        yield PostgresJobLeases(lane)
    finally:
        await lane.close()
        await engine.dispose()


def lanes_of(engine: AsyncEngine, number: int) -> tuple[Lane, ...]:
    """Return so many lanes over one engine."""
    return tuple(Lane(engine) for _ in range(number))
