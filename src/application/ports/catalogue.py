"""What workers have said of the tasks they know; the API reads it there and never imports user code."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from ...domain.ids import Json
from ...domain.on_dead import OnDead
from ...domain.retry import Backoff


@attrs.frozen
class TaskDeclaration:
    """A task as its author declared it; `None` leaves a setting to the system's default."""

    id: str
    queue: str
    max_retries: int | None = None
    backoff: Backoff | None = None
    timeout: timedelta | None = None
    payload_schema: Json | None = None
    doc: str = ""
    on_dead: OnDead | None = None


class TaskCatalogue(Protocol):
    """The declarations, the newest per task."""

    async def declare(self, tasks: Sequence[TaskDeclaration]) -> None:
        """Store or renew declarations."""
        ...

    async def find(self, ids: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return the declarations of those tasks that any worker ever declared."""
        ...

    async def on_dead(self) -> Mapping[str, OnDead]:
        """Return what is to follow on the death of a job, for each task that says so."""
        ...

    async def all(self) -> Sequence[TaskDeclaration]:
        """Return every declaration, by id."""
        ...
