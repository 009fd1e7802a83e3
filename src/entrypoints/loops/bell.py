"""A bell that wakes one waiting loop, and remembers a ring that nobody waited for."""

from ...application.ports.runtime import Timers
from ...application.resting import Rest


class Bell:
    """Wakes the loop that rests on it. Ring it on the loop's own thread."""

    __slots__ = ("_rest", "_rung", "_timers")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._rung = False
        self._rest = Rest()

    def ring(self) -> None:
        """Wake the loop; if it does not rest now, its next rest ends at once."""
        self._rung = True
        self._rest.end()

    async def rest(self, seconds: float | None = None) -> bool:
        """Wait for a ring, at most `seconds`; tell whether it rang."""
        if not self._rung:
            await self._rest.take(self._timers, None if seconds is None else max(seconds, 0.0))
        rung, self._rung = self._rung, False
        return rung
