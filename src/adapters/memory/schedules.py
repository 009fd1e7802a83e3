"""Schedules and their fire times, in memory."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from itertools import islice

import attrs

from ...application.ports.schedules import NEWEST
from ...domain.ids import UUID
from ...domain.schedule import Fire, Schedule
from ...domain.status import ACTIVE
from .store import Transaction


@attrs.frozen
class MemorySchedules:
    """`Schedules` on a transaction in memory."""

    _transaction: Transaction

    async def page(self, *, limit: int, after: str = "") -> Sequence[Schedule]:
        """Return schedules by name."""
        behind = (schedule for schedule in _all(self._transaction) if schedule.name > after)
        return sorted(behind, key=lambda schedule: schedule.name)[:limit]

    async def soonest(self, limit: int) -> Sequence[Schedule]:
        """Return those that fire next."""
        firing = [(each.next_at, each.id, each) for each in _all(self._transaction) if each.next_at and not each.pause]
        return [each for _, _, each in sorted(firing, key=lambda key: key[:2])[:limit]]

    async def find(self, id_or_name: UUID | str) -> Schedule | None:
        """Return one schedule."""
        return next((each for each in _all(self._transaction) if id_or_name in (each.id, each.name)), None)

    async def hold(self, id_or_name: UUID | str) -> Schedule | None:
        """Return the same, and let nobody else hold it."""
        found = await self.find(id_or_name)
        if found is None:
            return None
        await self._transaction.hold([("schedule", found.id)])
        return await self.find(found.id)

    async def add(self, schedule: Schedule) -> bool:
        """Store a new one unless its name is taken."""
        await self._transaction.hold([("schedule name", schedule.name), ("schedule", schedule.id)])
        if await self.find(schedule.name) is not None:
            return False
        self._transaction.schedules[schedule.id] = schedule
        return True

    async def save(self, schedules: Sequence[Schedule]) -> None:
        """Write schedules."""
        self._transaction.schedules.update({schedule.id: schedule for schedule in schedules})

    async def remove(self, id: UUID) -> None:
        """Forget a schedule with its fire times."""
        self._transaction.schedules[id] = None
        fires = self._transaction.fires
        gone = [fire.job_id for fire in fires.values() if fire is not None and fire.schedule_id == id]
        fires.update(dict.fromkeys(gone))


@attrs.frozen
class MemoryScheduleFires:
    """`ScheduleFires` on a transaction in memory."""

    _transaction: Transaction

    async def take(self, limit: int, among: Collection[UUID] | None = None) -> Sequence[Schedule]:
        """Return and hold what is due."""
        now = self._transaction.now
        meant = (each for each in _all(self._transaction) if among is None or each.id in among)
        due = [(each.next_at, each) for each in meant if each.next_at and each.pause is None]
        ripe = sorted(((next_at, each.id, each) for next_at, each in due if next_at <= now), key=lambda key: key[:2])
        free = (each for _, _, each in ripe if self._transaction.try_hold(("schedule", each.id)))
        return list(islice(free, limit))

    async def record(self, fires: Sequence[Fire]) -> frozenset[UUID]:
        """Write down fire times that nobody wrote down before."""
        asked = sorted({(fire.schedule_id, fire.fire_at) for fire in fires if not fire.manual})
        await self._transaction.hold(("fire", *each) for each in asked)
        known = {(fire.schedule_id, fire.fire_at) for fire in self._kept() if not fire.manual}
        fresh = [fire for fire in fires if fire.manual or (fire.schedule_id, fire.fire_at) not in known]
        self._transaction.fires.update({fire.job_id: fire for fire in fresh})
        return frozenset(fire.job_id for fire in fresh)

    async def fires(self, schedule_ids: Collection[UUID], limit: int) -> Sequence[Fire]:
        """Return the newest fire times of each schedule."""
        found: list[Fire] = []
        for schedule_id in schedule_ids:
            own = (fire for fire in self._kept() if fire.schedule_id == schedule_id)
            found += sorted(own, key=lambda fire: (fire.fire_at, fire.job_id), reverse=True)[:limit]
        return found

    async def active(self, schedule_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those schedules of which a newest job waits or runs."""
        newest = await self.fires(schedule_ids, NEWEST)
        return frozenset(fire.schedule_id for fire in newest if self._is_active(fire))

    async def forget(self, older_than: timedelta, limit: int) -> int:
        """Forget old fire times."""
        past = self._transaction.now - older_than
        old = [fire for fire in self._kept() if fire.fire_at < past and not self._is_active(fire)]
        gone = sorted(old, key=lambda fire: (fire.fire_at, fire.job_id))[:limit]
        self._transaction.fires.update(dict.fromkeys(fire.job_id for fire in gone))
        return len(gone)

    def _kept(self) -> Iterator[Fire]:
        return (fire for fire in self._transaction.fires.values() if fire is not None)

    def _is_active(self, fire: Fire) -> bool:
        job = self._transaction.jobs.get(fire.job_id)
        return job is not None and job.status in ACTIVE


def _all(transaction: Transaction) -> Iterator[Schedule]:
    return (schedule for schedule in transaction.schedules.values() if schedule is not None)
