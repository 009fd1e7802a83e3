"""Schedules over a world under test: made, let pass, fired, and looked at."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.builders import OWNER
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.calendar import CronCalendar
from equeue.adapters.memory.platform import FixedJitter
from equeue.adapters.system import UuidV7Ids
from equeue.application.firing import FireSchedules, MakeJobs
from equeue.application.schedules import ManageSchedules
from equeue.domain.audit import Actor
from equeue.domain.job import Job
from equeue.domain.schedule import CatchUp, Every, Fire, JobTemplate, Overlap, Rhythm, Schedule, ScheduleSettings

SECOND = timedelta(seconds=1)
ACTOR = Actor(OWNER)
EACH_SECOND = Every(SECOND)


def settings(rhythm: Rhythm = EACH_SECOND, **facts: Any) -> ScheduleSettings:
    """Return settings by which each fire time makes a job, unless `facts` say otherwise."""
    usual: dict[str, Any] = {"overlap": Overlap.QUEUE, "catch_up": CatchUp.ALL, "catch_up_limit": 1_000}
    usual["job"] = JobTemplate(task="a.b")
    return ScheduleSettings(rhythm=rhythm, **usual | facts)


def firing(world: World, jitter: float = 0.0) -> FireSchedules:
    """Return the pass of one process."""
    return FireSchedules(world.units_of_work, world.queue, CronCalendar(), UuidV7Ids(), FixedJitter(jitter), MakeJobs())


def managing(world: World) -> ManageSchedules:
    """Return what people do with schedules."""
    return ManageSchedules(world.units_of_work, world.queue, CronCalendar(), UuidV7Ids(), MakeJobs())


async def made(world: World, name: str = "n", owner: UUID | None = OWNER, **facts: Any) -> Schedule:
    """Store a schedule whose rhythm begins now."""
    return await managing(world).create(name, settings(**facts), ACTOR, owner)


async def fires(world: World, schedule: Schedule, limit: int = 10_000) -> Sequence[Fire]:
    """Return the fire times that made a job, newest first."""
    async with world.units_of_work() as unit:
        return await unit.fires.fires([schedule.id], limit)


async def jobs(world: World, schedule: Schedule) -> list[Job]:
    """Return the jobs of a schedule, by fire time."""
    found = await fires(world, schedule)
    return [await world.job(fire.job_id) for fire in reversed(found)]


async def turns(world: World, schedule: Schedule) -> list[float]:
    """Return how many periods behind the anchor each fire time lies, oldest first."""
    now = await kept(world, schedule)
    rhythm = now.settings.rhythm
    assert isinstance(rhythm, Every)
    found = await fires(world, schedule)
    return sorted(round((fire.fire_at - now.anchor) / rhythm.period, 3) for fire in found if not fire.manual)


async def kept(world: World, schedule: Schedule) -> Schedule:
    """Return a schedule as it is now."""
    async with world.units_of_work() as unit:
        found = await unit.schedules.find(schedule.id)
    assert found is not None
    return found


def a_fire(schedule: Schedule, by: timedelta = SECOND, *, manual: bool = False) -> Fire:
    """Return a fire time for a job that need not exist."""
    return Fire(schedule.id, schedule.anchor + by, uuid7(), manual)
