"""A bell that wakes one waiting loop, and remembers a ring that nobody waited for."""

import asyncio

from ...application.ports.runtime import Timers


class Bell:
    """Wakes the loop that rests on it. Ring it on the loop's own thread."""

    __slots__ = ("_rung", "_timers", "_waiter")

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._rung = False
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the loop; if it does not rest now, its next rest ends at once."""
        self._rung = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def rest(self, seconds: float | None = None) -> bool:
        """Wait for a ring, at most `seconds`; tell whether it rang."""
        if not self._rung:
            self._waiter = asyncio.get_running_loop().create_future()
            alarm = None if seconds is None else self._timers.after(max(seconds, 0.0), self._wake)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if alarm is not None:
                    alarm.cancel()
        rung, self._rung = self._rung, False
        return rung

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
