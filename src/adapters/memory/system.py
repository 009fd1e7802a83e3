"""What memory tells of itself: the tables have rows, and nothing else."""

import attrs

from ...application.ports.system import DatabaseFacts, TableFacts
from .store import MemoryStore


@attrs.frozen
class MemorySystemReads:
    """A `SystemReads` over the store: rows are exact, and nothing takes space or is held."""

    _store: MemoryStore

    async def look(self) -> DatabaseFacts:
        """Return how many rows there are."""
        store = self._store
        rows = {"attempts": len(store.attempts), "jobs": len(store.jobs), "queues": len(store.queues)}
        facts = tuple(TableFacts(name, count, 0, 0) for name, count in rows.items())
        return DatabaseFacts("memory", "memory", 0, facts)
