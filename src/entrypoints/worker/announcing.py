"""The loop in which a worker says that it is there, so that nobody is told that nobody knows its tasks."""

from collections.abc import Collection

from ...application.ports.platform import Jitter
from ...application.ports.presence import Presence
from ...application.ports.runtime import Timers
from ...domain.errors import Unavailable
from ..loops.bell import Bell
from ..loops.outage import Outage, Patience
from .parts import WorkerParts

EVERY = 60.0
"""So often at least, in seconds; several times within what explanations take for silence."""

SPREAD = 0.2


class Announcer:
    """Tells which tasks a live worker knows. To start with, the worker has declared them."""

    def __init__(
        self, presence: Presence | None, tasks: Collection[str], timers: Timers, jitter: Jitter, patience: Patience
    ) -> None:
        self._presence = presence
        self._tasks = tasks
        self._bell = Bell(timers)
        self._jitter = jitter
        self._patience = patience

    async def run(self) -> None:
        """Tell it now and then, until cancelled; where there is nobody to tell it to, not at all."""
        while self._presence is not None:
            await self._bell.rest(EVERY * (1.0 - self._jitter.draw() * SPREAD))
            while not await self._told(self._presence):
                pass

    async def _told(self, presence: Presence) -> bool:
        try:
            await presence.tell(self._tasks)
        except Unavailable as away:
            await self._patience.after(away)
            return False
        self._patience.worked()
        return True


def announcer(parts: WorkerParts, timers: Timers, outage: Outage) -> Announcer:
    """Return the announcer of a worker."""
    patience = outage.patience("presence", timers)
    return Announcer(parts.presence, frozenset(parts.known.by_name), timers, parts.jitter, patience)
