"""What was heard of workers, in memory."""

from collections.abc import Collection

import attrs

from .store import MemoryStore


@attrs.frozen
class MemoryPresence:
    """A `Presence` over a store in memory."""

    _store: MemoryStore

    async def tell(self, tasks: Collection[str]) -> None:
        """Have it known that a live worker knows these tasks."""
        now = self._store.clock.now()
        self._store.seen.update({task: now for task in tasks if task in self._store.tasks})
