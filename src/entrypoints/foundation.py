"""What everything of a process stands on: its settings, its clock, its names, and the way to the database."""

from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.codec import MsgspecCodec
from ..adapters.postgres.engine import create_engine
from ..adapters.postgres.unit_of_work import postgres_units_of_work
from ..adapters.system import SystemClock, SystemJitter, UuidV7Ids
from ..adapters.telemetry.logs import configure_logs, get_log
from .settings import BadSetting, Settings

POOL = 5
"""Connections a process may hold at most for its work, beside those for hints, heartbeats and maintenance."""

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


class Foundation(containers.DeclarativeContainer):
    """What all parts of the container use."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    ids = providers.Singleton(UuidV7Ids)
    jitter = providers.Singleton(SystemJitter)
    codec = providers.Singleton(MsgspecCodec)
    log = providers.Factory(get_log)
    configure_logs = providers.Callable(configure_logs, settings.provided.log_level, settings.provided.log_format)

    engine = providers.Singleton(open_engine, settings)
    units_of_work = providers.Singleton(postgres_units_of_work, engine)
