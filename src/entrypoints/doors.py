"""What only the API opens: ways in for single jobs, and eyes for those who wait."""

from collections.abc import Sequence

from dependency_injector import providers
from sqlalchemy.ext.asyncio import AsyncEngine

from ..adapters.postgres.engine import Lane
from ..adapters.postgres.intake import PostgresIntake
from ..adapters.postgres.watching import PostgresJobWatch, PostgresTopicWatch
from ..application.enqueue import Enqueue
from ..application.intake import EnqueueTogether
from .container import Container
from .foundation import open_engine
from .settings import Settings

INTAKE_POOL = 2
"""INSERTs of single jobs that the API has under way at a time, each over a connection of its own."""


def lanes_of(engine: AsyncEngine, number: int) -> tuple[Lane, ...]:
    """Return so many lanes over one engine."""
    return tuple(Lane(engine) for _ in range(number))


def enqueue_together(enqueue: Enqueue, lanes: Sequence[Lane]) -> EnqueueTogether:
    """Return what takes in single jobs, with as many transactions under way as there are lanes."""
    return EnqueueTogether(enqueue, [PostgresIntake(lane) for lane in lanes])


class Doors(Container):
    """Everything of an API's process, made when first asked for."""

    settings, enqueue = Container.settings, Container.enqueue

    intake_engine = providers.Singleton(open_engine, settings, INTAKE_POOL)
    intake_lanes = providers.Singleton(lanes_of, intake_engine, INTAKE_POOL)
    enqueue_one = providers.Singleton(enqueue_together, enqueue, intake_lanes)
    watch_engine = providers.Singleton(open_engine, settings, 1)
    watch_lane = providers.Singleton(Lane, watch_engine)
    job_watch = providers.Singleton(PostgresJobWatch, watch_lane)
    topic_watch = providers.Singleton(PostgresTopicWatch, watch_lane)


def build_doors(settings: Settings) -> Doors:
    """Return a container over `settings`; nothing is opened yet."""
    doors = Doors()
    doors.settings.override(settings)
    return doors


async def close_doors(doors: Doors) -> None:
    """Give back the connections that only the API opens, once what goes through them has ended."""
    await doors.enqueue_one().close()
    for lane in (doors.watch_lane(), *doors.intake_lanes()):
        await lane.close()
    await doors.intake_engine().dispose()
    await doors.watch_engine().dispose()
