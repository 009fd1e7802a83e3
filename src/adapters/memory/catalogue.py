"""What workers said of their tasks, in memory."""

from collections.abc import Collection, Mapping, Sequence

import attrs

from ...application.ports.catalogue import TaskDeclaration
from ...domain.on_dead import OnDead
from .store import Transaction


@attrs.frozen
class MemoryTaskCatalogue:
    """A `TaskCatalogue` on a transaction in memory."""

    _transaction: Transaction

    async def declare(self, tasks: Sequence[TaskDeclaration]) -> None:
        """Store or renew declarations."""
        self._transaction.tasks.update({task.id: task for task in tasks})
        self._transaction.seen.update({task.id: self._transaction.now for task in tasks})

    async def find(self, ids: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return the declarations of these tasks."""
        return {task.id: task for task in self._transaction.tasks.values() if task.id in ids}

    async def on_dead(self) -> Mapping[str, OnDead]:
        """Return what is to follow on deaths."""
        return {task.id: task.on_dead for task in self._transaction.tasks.values() if task.on_dead is not None}

    async def all(self) -> Sequence[TaskDeclaration]:
        """Return every declaration, by id."""
        return sorted(self._transaction.tasks.values(), key=lambda task: task.id)
