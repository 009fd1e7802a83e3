"""Forgetting what has ended long ago, a bounded set at a time."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Protocol

import attrs

from ...domain.status import JobStatus
from .reads import Position


@attrs.frozen
class Keep:
    """How long something is kept: `usually`, and otherwise in the queues that `by_queue` names; `None` is for ever."""

    usually: timedelta | None
    by_queue: Mapping[str, timedelta] = MappingProxyType({})

    @property
    def least(self) -> timedelta | None:
        """The shortest time; `None` if all is kept for ever."""
        spans = [*self.by_queue.values(), *(() if self.usually is None else (self.usually,))]
        return min(spans, default=None)


@attrs.frozen
class Pruned:
    """How many were pruned, and how far the walk has come: behind `reached` more may follow, `None` is its end."""

    pruned: int
    reached: Position | None


class Pruning(Protocol):
    """Walks along what has ended, oldest first; each call looks at a bounded set in one transaction of its own.

    Nothing is touched that waits or runs, that somebody else is changing, or that was queued again meanwhile. Raises
    `Unavailable` when the database does not answer.
    """

    async def jobs(self, status: JobStatus, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Look at `limit` jobs in a final status behind `after`; forget those kept long enough, with their attempts."""
        ...

    async def results(self, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Look at `limit` jobs that succeeded behind `after`, and forget the results that were kept long enough."""
        ...

    async def audit(self, kept: timedelta, limit: int) -> int:
        """Forget at most `limit` entries of the audit log that are older, oldest first; return how many."""
        ...

    async def bulk_operations(self, kept: timedelta, limit: int) -> int:
        """Forget at most `limit` bulk operations that came to their end earlier; return how many."""
        ...
