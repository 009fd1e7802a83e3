"""Bulk operations as they are kept, and the jobs that one means, found a bounded set at a time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from ...domain.bulk import BulkOperation, Place
from ...domain.bulk_plan import BulkPlan
from ...domain.ids import UUID
from ...domain.job import Job


@attrs.frozen
class Survey:
    """What a plan means now: how many jobs, counted up to a cap or as far as was looked; and the first of them."""

    count: int
    capped: bool
    sample: tuple[Job, ...]


@attrs.frozen
class Batch:
    """The next jobs that a plan means, oldest first, without what is in them (`LEFT_OUT`).

    `cursor` is the last place looked at, `last` tells that nothing lies behind it.
    """

    jobs: tuple[Job, ...]
    cursor: Place | None
    last: bool


class JobSelection(Protocol):
    """Finds the jobs that a plan means."""

    async def survey(self, plan: BulkPlan, *, cap: int, sample: int) -> Survey:
        """Count the jobs meant, no further than `cap`, and show the first `sample` of them."""
        ...

    async def next(self, plan: BulkPlan, after: Place | None, *, limit: int, window: int) -> Batch:
        """Return at most `limit` of the jobs meant behind `after`, having looked at no more than `window` jobs.

        A walk along the cursors sees every job that is meant throughout exactly once.
        """
        ...


class BulkOperations(Protocol):
    """The operations, inside a unit of work: what is taken or loaded is locked until the unit ends."""

    async def add(self, operation: BulkOperation) -> None:
        """Store a new one."""
        ...

    async def load(self, id: UUID) -> BulkOperation | None:
        """Return an operation, once whoever works on it has put it down."""
        ...

    async def take(self) -> BulkOperation | None:
        """Return the open operation that has rested longest, if its rest is over; those in other hands are left out."""
        ...

    async def save(self, operation: BulkOperation, rest: timedelta = timedelta(0)) -> None:
        """Write one that was taken or loaded; nobody takes it before `rest` has gone by."""
        ...

    async def any_open(self) -> bool:
        """Tell whether any operation has work left, resting or not."""
        ...


class BulkReads(Protocol):
    """Operations as they are committed now. `globs` confine to those made under the same confinement to queues."""

    async def get(self, id: UUID, globs: tuple[str, ...] = ()) -> BulkOperation | None:
        """Return an operation; `None` if there is none or it is out of reach."""
        ...

    async def page(
        self, *, limit: int, after: UUID | None = None, oldest_first: bool = False, globs: tuple[str, ...] = ()
    ) -> Sequence[BulkOperation]:
        """Return at most `limit` operations behind the one called `after`, newest first unless told otherwise."""
        ...
