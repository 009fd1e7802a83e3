"""Taking in the jobs of many callers at a time: one transaction for all whom nothing stands in the way of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import attrs

from ...domain.ids import Json
from ...domain.spec import Birth
from .catalogue import TaskDeclaration
from .idempotency import IdempotencyKey
from .jobs import Created


@attrs.frozen
class Keeping:
    """The key under which a caller may repeat its request, and what writes down the answer that is kept for it."""

    key: IdempotencyKey
    write: Callable[[Created], Json]


@attrs.frozen
class Entry:
    """One caller's job, checked, with a key to be kept if the caller gave one."""

    birth: Birth
    keeping: Keeping | None = None


class Intake(Protocol):
    """Where new jobs are taken in. Each call is one short transaction of its own.

    Raises `Unavailable` when the database does not answer; then the call may or may not have taken effect.
    """

    async def declared(self, tasks: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return what decides on new jobs (settings and payload schema) of those tasks that any worker declared."""
        ...

    async def take(self, entries: Sequence[Entry]) -> Sequence[Created | None]:
        """Store, all in one go, the jobs that nothing stands in the way of, each with the answer kept under its key.

        `None` stands for a job whose unique key another holds, here or in the table, or whose idempotency key was used
        or is in use: nothing of it is kept. No two entries may name the same idempotency key. Raises `InvalidJob` if
        any job cannot be stored; then none is.
        """
        ...
