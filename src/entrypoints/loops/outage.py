"""A database that is away: one line when the trouble starts, one when it ends, and patience in between."""

from ...application.ports.platform import Jitter
from ...application.ports.runtime import Timers
from ...application.ports.telemetry import Log
from .bell import Bell

FIRST = 0.1
LONGEST = 5.0


class Outage:
    """What the worker's loops together know of the database being away."""

    def __init__(self, log: Log, jitter: Jitter) -> None:
        self._log = log
        self._jitter = jitter
        self._failing: set[str] = set()

    @property
    def lasts(self) -> bool:
        """Tell whether some loop cannot reach the database at present."""
        return bool(self._failing)

    def patience(self, loop: str, timers: Timers) -> "Patience":
        """Return the patience of one loop."""
        return Patience(loop, self, timers)

    def began(self, loop: str, error: Exception) -> None:
        """Note that `loop` cannot reach the database; the first to say so writes the line."""
        if not self._failing:
            self._log.warning("database.away", error=str(error), noticed_by=loop)
        self._failing.add(loop)

    def ended(self, loop: str) -> None:
        """Note that `loop` reached the database; the last to say so writes the line."""
        if loop in self._failing:
            self._failing.discard(loop)
            if not self._failing:
                self._log.info("database.back", noticed_by=loop)

    def spread(self, seconds: float) -> float:
        """Return between half and all of `seconds`, so that many workers do not come back at once."""
        return seconds * (1.0 - self._jitter.draw() / 2)


class Patience:
    """How long one loop waits before it asks again."""

    def __init__(self, loop: str, outage: Outage, timers: Timers) -> None:
        self._loop = loop
        self._outage = outage
        self._bell = Bell(timers)
        self._next = FIRST
        self._ended = False

    async def after(self, error: Exception) -> None:
        """Note a failure and wait, longer each time."""
        self._outage.began(self._loop, error)
        wait, self._next = self._next, min(self._next * 2, LONGEST)
        if not self._ended:
            await self._bell.rest(self._outage.spread(wait))

    def worked(self) -> None:
        """Note that the database answered."""
        if self._next != FIRST:
            self._next = FIRST
            self._outage.ended(self._loop)

    def end(self) -> None:
        """Wait no longer: the loop is to stop."""
        self._ended = True
        self._bell.ring()
