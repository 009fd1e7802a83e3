"""A wait that ends when its time is over or somebody ends it, whichever comes first."""

import asyncio

from .ports.runtime import Timers


class Rest:
    """One task at a time rests on it. Ending it while nobody rests does nothing: the next rest is not shortened."""

    __slots__ = ("_turn",)

    def __init__(self) -> None:
        self._turn: asyncio.Future[None] | None = None

    async def take(self, timers: Timers, seconds: float | None = None) -> None:
        """Wait until `end`, or for `seconds`."""
        self._turn = asyncio.get_running_loop().create_future()
        alarm = None if seconds is None else timers.after(seconds, self.end)
        try:
            await self._turn
        finally:
            self._turn = None
            if alarm is not None:
                alarm.cancel()

    def end(self) -> None:
        """Let who rests go on."""
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
