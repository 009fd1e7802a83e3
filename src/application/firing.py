"""The pass that turns fire times into jobs: each at most once, by whichever process comes first."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from ..domain.errors import InvalidJob
from ..domain.schedule import Fire, Overlap, Schedule
from ..domain.schedule_rules import check_filled
from ..domain.spec import DEFAULT_QUEUE, DEFAULT_TIMEOUT, Birth
from .draft import Draft
from .failure_policies import SYSTEM, FailurePolicies
from .maintenance import PASS_ROWS
from .ports.calendar import Calendar
from .ports.catalogue import TaskDeclaration
from .ports.jobs import Created
from .ports.platform import Ids, Jitter
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .rhythms import due, following
from .signals import announce

FIRE_EVERY = timedelta(milliseconds=500)
FIRE_SCHEDULES = 100
"""So many schedules are looked at in one transaction."""


@attrs.frozen
class NewJobOf:
    """A job to be made of a schedule, and for which fire time."""

    schedule: Schedule
    fire: Fire
    run_at: datetime


@attrs.frozen
class MakeJobs:
    """Store the jobs of fire times, in the transaction that writes the fire times down."""

    timeout: timedelta = DEFAULT_TIMEOUT
    policies: FailurePolicies = SYSTEM

    async def __call__(self, unit: UnitOfWork, wanted: Sequence[NewJobOf]) -> Sequence[Created]:
        """Return the jobs of those fire times that nobody wrote down before."""
        fresh = await unit.fires.record([new.fire for new in wanted])
        declared = await unit.catalogue.find({new.schedule.settings.job.task for new in wanted}) if fresh else {}
        births = [
            self._birth(new, declared.get(new.schedule.settings.job.task)) for new in wanted if new.fire.job_id in fresh
        ]
        answers = await unit.jobs.add(births) if births else ()
        return [answer for answer in answers if isinstance(answer, Created)]

    def _birth(self, new: NewJobOf, declared: TaskDeclaration | None) -> Birth:
        job = new.schedule.settings.job
        spec = job.spec(new.schedule.name, new.fire.fire_at, new.run_at)
        draft = Draft(spec, job.queue, job.max_retries, job.timeout)
        known = declared or TaskDeclaration(job.task, DEFAULT_QUEUE)
        completed = draft.completed(known, self.timeout, self.policies.current.of_queue)
        return Birth(new.fire.job_id, completed, new.schedule.user_id)


@attrs.frozen
class FireSchedules:
    """Make the jobs that are due by schedules.

    Schedules are held while they are decided on, and what was decided, the fire times written down, the jobs and how
    far the schedule has come are one transaction: whoever is killed has done it all or nothing. Should two decide on
    one fire time all the same, it is written down once. If a job of a set cannot be stored, each schedule has a
    transaction of its own, and so it has if a rhythm cannot be followed: the one to blame stops and says why.
    """

    units_of_work: UnitsOfWork
    queue: JobQueue
    calendar: Calendar
    ids: Ids
    jitter: Jitter
    make: MakeJobs

    async def __call__(self, limit: int = FIRE_SCHEDULES) -> bool:
        """Deal with at most `limit` schedules that are due; tell whether more may wait."""
        await self.make.policies.renew()
        async with self.units_of_work() as unit:
            taken = await unit.fires.take(limit)
            if not taken:
                return False
            try:
                left = await self._fire(unit, taken)
            except InvalidJob:
                left = None
        if left is None:
            for schedule in taken:
                await self._fire_alone(schedule)
        return bool(left) or len(taken) == limit

    async def _fire(self, unit: UnitOfWork, taken: Sequence[Schedule]) -> int:
        """Deal with schedules that are held, and commit; return how many are left for a set of their own."""
        wanted, after = await self._decide(unit, taken)
        made = await self.make(unit, wanted)
        await unit.schedules.save(after)
        await unit.commit()
        await announce(self.queue, [created.job.queued() for created in made])
        return len(taken) - len(after)

    async def _fire_alone(self, schedule: Schedule) -> None:
        """Deal with one schedule, unless somebody else does by now; stop it if its job cannot be stored."""
        async with self.units_of_work() as unit:
            held = await unit.fires.take(1, [schedule.id])
            if not held:
                return
            try:
                await self._fire(unit, held)
            except InvalidJob as refused:
                why = str(refused)
            else:
                return
        async with self.units_of_work() as unit:
            held = await unit.fires.take(1, [schedule.id])
            await unit.schedules.save([each.fail(why) for each in held if each.etag == schedule.etag])
            await unit.commit()

    async def _decide(self, unit: UnitOfWork, taken: Sequence[Schedule]) -> tuple[list[NewJobOf], list[Schedule]]:
        now = await unit.now()
        active = await unit.fires.active([each.id for each in taken if each.settings.overlap is Overlap.SKIP])
        wanted: list[NewJobOf] = []
        after: list[Schedule] = []
        for schedule in taken:
            fires, left = self._of(schedule, now, active=schedule.id in active)
            if wanted and len(wanted) + len(fires) > PASS_ROWS:
                break
            wanted += [self._new(schedule, fire_at, now) for fire_at in fires]
            after.append(left)
        return wanted, after

    def _of(self, schedule: Schedule, now: datetime, *, active: bool) -> tuple[Sequence[datetime], Schedule]:
        missed, punctual = due(self.calendar, schedule, now, PASS_ROWS)
        fires = schedule.settings.fires(missed, punctual, active=active)
        if fires:
            check_filled(schedule.name, schedule.settings.job)
        following_at = following(self.calendar, schedule.settings.rhythm, schedule.anchor, now)
        return fires, schedule.advance(fires, following_at)

    def _new(self, schedule: Schedule, fire_at: datetime, now: datetime) -> NewJobOf:
        put_off = schedule.settings.jitter * self.jitter.draw()
        return NewJobOf(schedule, Fire(schedule.id, fire_at, self.ids.new()), max(now, fire_at + put_off))
