"""Who does the next maintenance pass, in memory."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from ...application.ports.cadences import BULK, FIRE, Tick
from ...domain.bulk import OPEN
from ...domain.status import JobStatus
from .store import MemoryStore


@attrs.frozen
class MemoryCadences:
    """A `Cadences` over a store in memory: give the same one to all who are to share the passes."""

    _store: MemoryStore
    _taken: dict[str, datetime] = attrs.field(factory=dict, init=False)

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:
        """Take those passes whose period has gone by since anybody took them."""
        now, jobs = self._store.clock.now(), self._store.jobs.values()
        due = frozenset(
            name for name, period in periods.items() if name not in self._taken or self._taken[name] + period <= now
        )
        self._taken.update(dict.fromkeys(due, now))
        ends = [job.lease_expires_at for job in jobs if job.lease_expires_at is not None]
        starts = [job.run_at for job in jobs if job.status is JobStatus.QUEUED and job.queue in queues]
        later = [start for start in starts if start > now]
        idle = len(later) == len(starts)
        fires = [each.next_at for each in self._store.schedules.values() if each and each.next_at and not each.pause]
        return Tick(
            due,
            min(ends) - now if ends else None,
            min(later) - now if later else None,
            idle,
            frozenset(self._waiting(now)),
            min(fires) - now if fires else None,
        )

    def _waiting(self, now: datetime) -> Iterator[str]:
        """Yield the passes with something to do; nothing is ever to be folded here."""
        store = self._store
        if any(kept.operation.status in OPEN and kept.due_at <= now for kept in store.operations.values()):
            yield BULK
        schedules = [each for each in store.schedules.values() if each is not None and each.pause is None]
        if any(each.next_at is not None and each.next_at <= now for each in schedules):
            yield FIRE
