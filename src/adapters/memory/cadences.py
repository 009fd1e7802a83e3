"""Who does the next maintenance pass, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from ...application.ports.cadences import BULK, Tick
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
        bulk = any(kept.operation.status in OPEN and kept.due_at <= now for kept in self._store.operations.values())
        return Tick(
            due,
            min(ends) - now if ends else None,
            min(later) - now if later else None,
            idle,
            frozenset({BULK}) if bulk else frozenset(),  # nothing is ever to be folded here
        )
