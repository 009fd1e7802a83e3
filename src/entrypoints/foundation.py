"""What everything of a process stands on: its settings, its clock, its names, and the way to the database."""

from dependency_injector import containers, providers

from ..adapters.codec import MsgspecCodec
from ..adapters.postgres.unit_of_work import postgres_units_of_work
from ..adapters.system import SystemClock, SystemJitter, UuidV7Ids
from ..adapters.telemetry.logs import configure_logs, get_log
from .connections import open_engine
from .settings import Settings


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
