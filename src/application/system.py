"""The system as an admin sees it: the database, and whether hints flow."""

import attrs

from .ports.queue import JobQueue, QueueHealth
from .ports.system import DatabaseFacts, SystemReads


@attrs.frozen
class SystemView:
    """The database as it is now, and the backend that carries hints."""

    database: DatabaseFacts
    backend: str
    queue: QueueHealth


@attrs.frozen
class LookAtSystem:
    """Look at everything below the API. `backend` is what the settings call it."""

    reads: SystemReads
    queue: JobQueue
    backend: str

    async def __call__(self) -> SystemView:
        """Return the view; raises `Unavailable` when the database does not answer."""
        health = await self.queue.health()
        return SystemView(await self.reads.look(), self.backend, health)
