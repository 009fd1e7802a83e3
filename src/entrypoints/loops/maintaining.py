"""The maintenance loop: lapses and the other passes, done by whichever process comes first."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from ...application.maintenance import PASS_ROWS, SOON, Pass, RecoverLapses
from ...application.ports.cadences import FIRE, SEEN, Cadences, Tick
from ...application.ports.platform import Clock, Jitter
from ...application.ports.runtime import Timers
from ...application.ports.telemetry import Log
from ...domain.errors import Unavailable
from ...domain.status import JobStatus
from .bell import Bell
from .outage import Outage, Patience

LAPSE = "lapse"
LAPSE_EVERY = timedelta(seconds=1)
LONGEST_SLEEP = 2.95
"""So long at most goes by unwatched, in seconds: a lease as short as 1 s that was given meanwhile is missed for less
than 2 s after its end. Longer ones are seen before they end."""

SPREAD = 0.03
"""Which share of a sleep is left to chance; less would bring many processes into step, more would cost statements."""

SHORTEST_SLEEP = 0.05
CALM = 0.5
"""So long at least lies between two ticks when nothing is owed, whoever asks for one, in seconds."""


class Claimant(Protocol):
    """Who in this process wants to hear when there may be work."""

    def look(self) -> None:
        """Look for work now."""
        ...

    def look_in(self, seconds: float) -> None:
        """Look for work in so many seconds at the latest."""
        ...

    def nothing_due(self) -> None:
        """Put off what looks were planned: there is nothing to find."""
        ...


@attrs.frozen
class Nobody:
    """The claimant of a process that runs no jobs."""

    def look(self) -> None:
        """Hear, and do nothing."""

    def look_in(self, seconds: float) -> None:
        """Hear, and do nothing."""

    def nothing_due(self) -> None:
        """Hear, and do nothing."""


class LocalCadences:
    """Cadences that this process keeps for itself alone, where no shared ones are given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[str, float] = {}

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:  # noqa: ARG002 - the port's
        """Take the passes whose period has gone by here."""
        now = self._clock.monotonic()
        due = frozenset(
            name for name, period in periods.items() if now - self._taken.get(name, -1e9) >= period.total_seconds()
        )
        self._taken.update(dict.fromkeys(due, now))
        return Tick(due, lapse_in=timedelta(0))


@attrs.frozen(kw_only=True)
class Chores:
    """What there is to do: lapses, of which each tick tells, and the passes, each at its own cadence."""

    recover: RecoverLapses
    passes: Sequence[Pass]
    cadences: Cadences


class Maintainer:
    """Does what is due, one bounded set at a time; a pass that left something waiting goes on at once."""

    def __init__(
        self,
        chores: Chores,
        timers: Timers,
        jitter: Jitter,
        outage: Outage,
        log: Log,
        claimant: Claimant | None = None,
        queues: Sequence[str] = (),
    ) -> None:
        self._chores = chores
        passes = (Pass(LAPSE, LAPSE_EVERY, self._recover), *chores.passes)
        self._passes = {each.name: each for each in passes}
        self._periods = {each.name: each.period for each in passes}
        self._claimant = claimant or Nobody()
        self._queues = tuple(queues)
        self._jitter = jitter
        self._log = log
        self._bell = Bell(timers)
        self._calm = Bell(timers)
        self._patience: Patience = outage.patience("maintenance", timers)
        self._owed: dict[str, None] = {}
        self._stopped = False

    async def run(self) -> None:
        """Keep the table true until stopped."""
        while not self._stopped:
            try:
                sleep = await self._round()
                self._patience.worked()
            except Unavailable as away:
                await self._patience.after(away)
                continue
            await self._calm.rest(min(sleep, CALM))
            if sleep > CALM:
                await self._bell.rest(sleep - CALM)

    def tick_soon(self) -> None:
        """Look soon when the next job falls due: there is reason to believe that it changed."""
        self._bell.ring()

    def stop(self) -> None:
        """Have `run` return after the set under way."""
        self._stopped = True
        self._patience.end()
        self._calm.ring()
        self._bell.ring()

    async def _round(self) -> float:
        tick = await self._chores.cadences.tick(self._periods, self._queues)
        self._owed.update(dict.fromkeys(name for name in self._passes if name in tick.due and self._waits(name, tick)))
        self._tell(tick)
        for name in tuple(self._owed):
            if not self._stopped:
                await self._do(name)
        return SHORTEST_SLEEP if self._owed else self._sleep(tick)

    def _tell(self, tick: Tick) -> None:
        if tick.idle:
            self._claimant.nothing_due()
        if tick.job_in is not None:
            self._claimant.look_in(max(tick.job_in.total_seconds(), 0.0))

    def _waits(self, name: str, tick: Tick) -> bool:
        """Tell whether there may be something for a pass to do; of some the tick itself tells."""
        if name == LAPSE:
            return tick.lapse_in is not None and tick.lapse_in <= timedelta(0)
        if name in SEEN:
            return name in tick.waiting
        if self._passes[name].only_if_due:
            return not tick.idle or (tick.job_in is not None and tick.job_in <= SOON)
        return True

    async def _do(self, name: str) -> None:
        """Do one set of a pass. What this process took it owes until it is done, for nobody else will do it soon."""
        del self._owed[name]
        try:
            more = await self._passes[name].run()
        except Unavailable:
            self._owed[name] = None
            raise
        if more:
            self._owed[name] = None

    async def _recover(self) -> bool:
        settled = await self._chores.recover()
        if settled:
            self._log.warning("leases.lapsed", jobs=len(settled))
        if any(told.status is JobStatus.QUEUED for told in settled):
            self._claimant.look()
        return len(settled) == PASS_ROWS

    def _sleep(self, tick: Tick) -> float:
        longest = LONGEST_SLEEP * (1.0 - self._jitter.draw() * SPREAD)
        waits = [longest] if tick.job_in is None else [longest, tick.job_in.total_seconds()]
        if tick.lapse_in is not None:
            # Whoever took the pass just before this lease ran out has not seen it: look again once it is to be had.
            lapsed = tick.lapse_in <= timedelta(0) and LAPSE not in tick.due
            waits.append((LAPSE_EVERY if lapsed else tick.lapse_in).total_seconds())
        if tick.fire_in is not None and FIRE in self._periods:
            # The same goes for a fire time: whoever took the pass before it came will not fire it.
            owed = tick.fire_in <= timedelta(0)
            waits.append((self._periods[FIRE] if owed else tick.fire_in).total_seconds())
        return max(min(wait for wait in waits if wait > 0), SHORTEST_SLEEP)
