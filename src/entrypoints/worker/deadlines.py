"""One timer for all deadlines of a worker: it goes off at the earliest, and whoever is due is looked up then."""

from collections.abc import Callable

from ...application.ports.platform import Clock
from ...application.ports.runtime import Cancellable, Timers

RESOLUTION = 0.02


class Deadlines:
    """Calls `sweep` once the earliest watched instant has come.

    Most handlers end long before their deadline, so nothing is kept for each: watching costs one comparison, and a
    sweep that finds nobody due says when to look next.
    """

    __slots__ = ("_alarm", "_at", "_clock", "_sweep", "_timers")

    def __init__(self, clock: Clock, timers: Timers, sweep: Callable[[float], float | None]) -> None:
        self._clock = clock
        self._timers = timers
        self._sweep = sweep
        self._at = float("inf")
        self._alarm: Cancellable | None = None

    def watch(self, instant: float) -> None:
        """Have a sweep no later than at `instant` of the monotonic clock, give or take the timer's resolution."""
        if instant < self._at:
            self._set(instant)

    def _set(self, instant: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._at = instant
        self._alarm = self._timers.after(max(instant - self._clock.monotonic(), RESOLUTION), self._due)

    def _due(self) -> None:
        self._at = float("inf")
        self._alarm = None
        upcoming = self._sweep(self._clock.monotonic())
        if upcoming is not None:
            self.watch(upcoming)
