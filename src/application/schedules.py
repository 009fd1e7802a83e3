"""Schedules, looked at and steered by people, and declared by code."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

import attrs

from ..domain.audit import Actor
from ..domain.errors import DomainError, ManagedByCode, QueueOutOfReach, ScheduleExists, ScheduleNotFound, StaleSchedule
from ..domain.ids import UUID, Json, UserId
from ..domain.schedule import Fire, JobTemplate, Schedule, ScheduleSettings
from ..domain.schedule_rules import check_schedule
from ..domain.spec import DEFAULT_QUEUE
from .enqueue import Reach, Replayed, everywhere
from .firing import MakeJobs, NewJobOf
from .ports.calendar import Calendar
from .ports.idempotency import IdempotencyKey, Replay
from .ports.jobs import Created
from .ports.platform import Ids
from .ports.queue import JobQueue
from .ports.schedules import ScheduleDeclaration
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .rhythms import check, following
from .schedule_acts import act_on_schedule, run_of_schedule
from .schedule_judging import JudgeTemplates
from .signals import announce

FIRES_SHOWN = 10
SOONEST = 500

Edit: TypeAlias = Callable[[ScheduleSettings], ScheduleSettings]
"""Makes new settings of those that are there."""

Seen: TypeAlias = Callable[[str], bool]
"""Tells whether an ETag is that of what the caller has seen."""

Named: TypeAlias = UUID | str
Move: TypeAlias = Callable[[Schedule, datetime], Schedule]
Render: TypeAlias = Callable[[Created], Json]


@attrs.frozen
class ManageSchedules:
    """Look at schedules, set them, pause them and run them by hand. Each change is in the audit log."""

    units_of_work: UnitsOfWork
    queue: JobQueue
    calendar: Calendar
    ids: Ids
    make: MakeJobs
    judge: JudgeTemplates = attrs.field(factory=JudgeTemplates)

    async def page(
        self, *, limit: int, after: str = "", reaches: Reach = everywhere
    ) -> tuple[Sequence[Schedule], str | None]:
        """Return schedules whose names sort behind `after`, by name, and behind which name more may follow.

        At most `limit` are looked at, and those left out whose queue is out of reach.
        """
        async with self.units_of_work() as unit:
            found = await unit.schedules.page(limit=limit + 1, after=after)
            shown = await _reached(unit, found[:limit], reaches)
        return shown, found[limit - 1].name if len(found) > limit else None

    async def soonest(
        self, limit: int, *, owner: UserId | None = None, reaches: Reach = everywhere
    ) -> Sequence[Schedule]:
        """Return at most `limit` schedules that fire next, an owner's own alone, those whose queue is in reach.

        Where some may be left out, `SOONEST` are looked at. Their payloads are left out.
        """
        async with self.units_of_work() as unit:
            most = limit if owner is None and reaches is everywhere else SOONEST
            found = [each for each in await unit.schedules.soonest(most) if owner in (None, each.user_id)]
            return (await _reached(unit, found, reaches))[:limit]

    async def get(self, named: Named, reaches: Reach = everywhere) -> tuple[Schedule, Sequence[Fire]]:
        """Return a schedule and its newest fire times; raise `ScheduleNotFound` for none, or one out of reach."""
        async with self.units_of_work() as unit:
            schedule = _there(await unit.schedules.find(named), named)
            await _confine(unit, schedule.settings, reaches, ScheduleNotFound(str(named)))
            return schedule, await unit.fires.fires([schedule.id], FIRES_SHOWN)

    async def create(
        self, name: str, settings: ScheduleSettings, actor: Actor, owner: UserId | None, reaches: Reach = everywhere
    ) -> Schedule:
        """Store a new schedule, whose jobs are `owner`'s; its rhythm begins now.

        Raises `InvalidSchedule`, `BadCron`, `QueueOutOfReach`, `UnknownTask`, `PayloadInvalid`, or `ScheduleExists`.
        """
        async with self.units_of_work() as unit:
            now = await unit.now()
            self.check_settings(name, settings, now)
            await _confine(unit, settings, reaches, QueueOutOfReach(settings.job.queue or DEFAULT_QUEUE))
            await self.judge(unit, name, settings.job)
            schedule = self._new(name, settings, now, owner)
            if not await unit.schedules.add(schedule):
                raise ScheduleExists(name)
            await unit.audit.record([act_on_schedule("schedule.create", actor, None, schedule)])
            await unit.commit()
        return schedule

    async def change(self, named: Named, seen: Seen, edit: Edit, actor: Actor, reaches: Reach = everywhere) -> Schedule:
        """Store what `edit` makes of the settings; raise `StaleSchedule` unless they are what the caller has `seen`.

        Raises what `create` raises. What its jobs are like is judged if that changes.
        """
        async with self.units_of_work() as unit:
            now = await unit.now()
            before = await self._held(unit, named, reaches)
            if before.managed_by_code:
                raise ManagedByCode(before.name)
            if not seen(before.etag):
                raise StaleSchedule(before.name)
            settings = edit(before.settings)
            self.check_settings(before.name, settings, now)
            await _confine(unit, settings, reaches, QueueOutOfReach(settings.job.queue or DEFAULT_QUEUE))
            if not _same_job(before.settings.job, settings.job):
                await self.judge(unit, before.name, settings.job)
            after = before.change(settings, now, following(self.calendar, settings.rhythm, now, now))
            await self._keep(unit, "schedule.set", actor, before, after)
        return after

    async def remove(
        self, named: Named, seen: Seen, actor: Actor, reaches: Reach = everywhere, *, force: bool = False
    ) -> None:
        """Take a schedule away; its jobs stay. One that is declared in code only with `force`: its code may be gone."""
        async with self.units_of_work() as unit:
            before = await self._held(unit, named, reaches)
            if before.managed_by_code and not force:
                raise ManagedByCode(before.name)
            if not seen(before.etag):
                raise StaleSchedule(before.name)
            await unit.schedules.remove(before.id)
            await unit.audit.record([act_on_schedule("schedule.delete", actor, before, None)])
            await unit.commit()

    async def pause(
        self, named: Named, actor: Actor, by: str, reason: str | None, reaches: Reach = everywhere
    ) -> Schedule:
        """Make no jobs until somebody resumes; one that is paused stays as it is."""
        return await self._moved("schedule.pause", named, actor, lambda was, now: was.stop(now, by, reason), reaches)

    async def resume(self, named: Named, actor: Actor, reaches: Reach = everywhere) -> Schedule:
        """Go on with the next fire time from now; what fell due meanwhile is not made up for."""

        def resumed(was: Schedule, now: datetime) -> Schedule:
            return was.resume(now, following(self.calendar, was.settings.rhythm, was.anchor, now))

        return await self._moved("schedule.resume", named, actor, resumed, reaches)

    async def run(
        self,
        named: Named,
        actor: Actor,
        reaches: Reach = everywhere,
        *,
        key: IdempotencyKey | None = None,
        render: Render | None = None,
    ) -> Created | Replayed:
        """Make a job of the schedule now, paused or not, whatever else waits or runs; its rhythm goes on as it was.

        Raises `UnknownTask` and `PayloadInvalid` as an enqueue does.
        """
        await self.make.policies.renew()
        async with self.units_of_work() as unit:
            reserved = None if key is None else await unit.idempotency.reserve(key)
            if isinstance(reserved, Replay):
                return Replayed(reserved.answer)
            schedule, now = await self._held(unit, named, reaches), await unit.now()
            await self.judge(unit, schedule.name, schedule.settings.job)
            fire = Fire(schedule.id, now, self.ids.new(), manual=True)
            (made,) = await self.make(unit, [NewJobOf(schedule, fire, now)])
            await unit.audit.record([run_of_schedule(actor, schedule, fire)])
            if key is not None and render is not None:
                await unit.idempotency.remember(key, render(made))
            await unit.commit()
        await announce(self.queue, [made.job.queued()])
        return made

    async def declare(self, unit: UnitOfWork, declared: Sequence[ScheduleDeclaration]) -> Sequence[str]:
        """Store or renew what code declares; return the names that people have taken, whose schedules stay theirs."""
        taken: list[str] = []
        now = await unit.now()
        for each in sorted(declared, key=lambda each: each.name):
            self.check_settings(each.name, each.settings, now)
            new = attrs.evolve(self._new(each.name, each.settings, now, None), managed_by_code=True)
            if await unit.schedules.add(new):
                continue
            before = await unit.schedules.hold(each.name)
            if before is None or not before.managed_by_code:
                taken.append(each.name)
            elif before.failure is not None or not _same(before.settings, each.settings):
                next_at = following(self.calendar, each.settings.rhythm, now, now)
                await unit.schedules.save([before.change(each.settings, now, next_at)])
        return taken

    async def _moved(self, action: str, named: Named, actor: Actor, move: Move, reaches: Reach) -> Schedule:
        async with self.units_of_work() as unit:
            before = await self._held(unit, named, reaches)
            after = move(before, await unit.now())
            if after != before:
                await self._keep(unit, action, actor, before, after)
        return after

    async def _held(self, unit: UnitOfWork, named: Named, reaches: Reach) -> Schedule:
        schedule = _there(await unit.schedules.hold(named), named)
        await _confine(unit, schedule.settings, reaches, ScheduleNotFound(str(named)))
        return schedule

    def check_settings(self, name: str, settings: ScheduleSettings, now: datetime) -> None:
        """Raise `InvalidSchedule` or `BadCron` for settings that nobody may store here, whoever asks."""
        check_schedule(name, settings, now=now, payload_bytes=self.judge.rules.payload_bytes)
        check(self.calendar, settings.rhythm)

    def _new(self, name: str, settings: ScheduleSettings, now: datetime, owner: UserId | None) -> Schedule:
        next_at = following(self.calendar, settings.rhythm, now, now)
        return Schedule(
            id=self.ids.new(),
            name=name,
            settings=settings,
            anchor=now,
            created_at=now,
            updated_at=now,
            next_at=next_at,
            user_id=owner,
        )

    async def _keep(self, unit: UnitOfWork, action: str, actor: Actor, before: Schedule, after: Schedule) -> None:
        await unit.schedules.save([after])
        await unit.audit.record([act_on_schedule(action, actor, before, after)])
        await unit.commit()


def _there(found: Schedule | None, named: Named) -> Schedule:
    if found is None:
        raise ScheduleNotFound(str(named))
    return found


async def _reached(unit: UnitOfWork, schedules: Sequence[Schedule], reaches: Reach) -> list[Schedule]:
    """Return the schedules whose jobs go to a queue that the caller may use."""
    queues = await _queues(unit, [each.settings.job for each in schedules])
    return [each for each, queue in zip(schedules, queues, strict=True) if reaches(queue)]


async def _confine(unit: UnitOfWork, settings: ScheduleSettings, reaches: Reach, refusal: DomainError) -> None:
    (queue,) = await _queues(unit, [settings.job])
    if not reaches(queue):
        raise refusal


async def _queues(unit: UnitOfWork, jobs: Sequence[JobTemplate]) -> list[str]:
    """Return where jobs go."""
    unsaid = {job.task for job in jobs if job.queue is None}
    declared = await unit.catalogue.find(unsaid) if unsaid else {}
    by_task = {task: declaration.queue for task, declaration in declared.items()}
    return [job.queue or by_task.get(job.task, DEFAULT_QUEUE) for job in jobs]


def _same(kept: ScheduleSettings, declared: ScheduleSettings) -> bool:
    return _same_job(kept.job, declared.job) and kept == attrs.evolve(declared, job=kept.job)


def _same_job(kept: JobTemplate, other: JobTemplate) -> bool:
    """Compare what jobs are to be like, payloads by what they say: the database writes them in its own way."""
    payload = _read(kept.payload) == _read(other.payload)
    return payload and kept == attrs.evolve(other, payload=kept.payload)


def _read(payload: Json) -> Any:
    """Read a document so that numbers are compared by value, and none with a truth value: to Python 1 is true."""

    def number(text: str) -> tuple[Decimal]:
        return (Decimal(text),)

    return json.loads(payload, parse_int=number, parse_float=number)
