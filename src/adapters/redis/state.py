"""Whether Redis serves, known by all who use it: one line when trouble begins, one when it ends."""

import asyncio

import attrs

from ...application.ports.telemetry import Log


@attrs.define(eq=False)
class State:
    """While `trouble` says what is wrong, nobody but the keeper speaks to Redis."""

    _log: Log
    trouble: str = ""
    troubles: int = 0
    dropped: int = 0
    known: asyncio.Event = attrs.field(factory=asyncio.Event)
    suspected: asyncio.Event = attrs.field(factory=asyncio.Event)

    def failed(self, error: BaseException) -> bool:
        """Note that something did not work; tell whether trouble began with that."""
        began = not self.trouble
        if began:
            self.troubles += 1
            self._log.warning("redis.away", kind=type(error).__name__, error=str(error)[:200])
        self.trouble = f"hints do not flow through Redis: {type(error).__name__}"
        self.known.set()
        self.suspected.set()
        return began

    def works(self) -> bool:
        """Note that everything works; tell whether trouble ended with that."""
        ended = bool(self.trouble)
        if ended:
            self._log.info("redis.back", dropped=self.dropped)
        self.trouble = ""
        self.known.set()
        self.suspected.clear()
        return ended
