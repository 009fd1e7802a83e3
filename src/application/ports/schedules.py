"""Where schedules are kept, and which of their fire times made a job."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from ...domain.ids import UUID
from ...domain.schedule import Fire, Schedule, ScheduleSettings

NEWEST = 1_000
"""So many fire times of a schedule are looked at to tell whether a job of it waits or runs."""


@attrs.frozen(kw_only=True)
class ScheduleDeclaration:
    """A schedule as its author wrote it in code."""

    name: str
    settings: ScheduleSettings


class Schedules(Protocol):
    """Schedules inside a unit of work: what is taken or held is nobody else's to change until the unit ends."""

    async def page(self, *, limit: int, after: str = "") -> Sequence[Schedule]:
        """Return at most `limit` schedules whose names sort behind `after`, by name."""
        ...

    async def soonest(self, limit: int) -> Sequence[Schedule]:
        """Return at most `limit` that are not paused, those that fire next first; payloads may be left out."""
        ...

    async def find(self, id_or_name: UUID | str) -> Schedule | None:
        """Return one schedule; `None` if there is none."""
        ...

    async def hold(self, id_or_name: UUID | str) -> Schedule | None:
        """Return the same, once nobody else holds it."""
        ...

    async def add(self, schedule: Schedule) -> bool:
        """Store a new one; false, and nothing is stored, if its name is taken. Waits for who is taking the name."""
        ...

    async def save(self, schedules: Sequence[Schedule]) -> None:
        """Write schedules that were taken or held."""
        ...

    async def remove(self, id: UUID) -> None:
        """Forget a schedule that is held, with its fire times; its jobs stay."""
        ...


class ScheduleFires(Protocol):
    """What is due and what was made of it, inside the same unit of work."""

    async def take(self, limit: int, among: Collection[UUID] | None = None) -> Sequence[Schedule]:
        """Return and hold at most `limit` schedules that are due and not paused, longest due first.

        Those that others hold are left out, and where `among` is given all that are not.
        """
        ...

    async def record(self, fires: Sequence[Fire]) -> frozenset[UUID]:
        """Write down which fire times make which jobs; return the jobs of those that nobody wrote down before.

        A fire time of a schedule is written down once and never again, unless it is `manual`.
        """
        ...

    async def fires(self, schedule_ids: Collection[UUID], limit: int) -> Sequence[Fire]:
        """Return at most `limit` fire times of each schedule, newest first."""
        ...

    async def active(self, schedule_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those schedules of which a job waits or runs, among the jobs of their `NEWEST` fire times."""
        ...

    async def forget(self, older_than: timedelta, limit: int) -> int:
        """Forget at most `limit` fire times that are `older_than` this, oldest first; return how many.

        One whose job waits or runs is kept.
        """
        ...
