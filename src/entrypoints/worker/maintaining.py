"""The maintenance loop: lapses, expiry and forgotten answers, done by whichever process comes first."""

from datetime import timedelta

import attrs

from ...application.maintenance import PASS_ROWS, ExpireJobs, ForgetAnswers, RecoverLapses
from ...application.ports.cadences import Cadences, Tick
from ...application.ports.platform import Clock, Jitter
from ...application.ports.runtime import Timers
from ...application.ports.telemetry import Log
from ...domain.errors import Unavailable
from ...domain.status import JobStatus
from .bell import Bell
from .claiming import Claimer
from .outage import Outage, Patience

LAPSE, EXPIRE, FORGET = "lapse", "expire", "forget"
PERIODS = {LAPSE: timedelta(seconds=1), EXPIRE: timedelta(seconds=15), FORGET: timedelta(hours=1)}
LONGEST_SLEEP = 5.0
SHORTEST_SLEEP = 0.05


class LocalCadences:
    """Cadences that this process keeps for itself alone, where no shared ones are given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[str, float] = {}

    def tick(self, periods: dict[str, timedelta]) -> Tick:
        """Take the passes whose period has gone by here."""
        now = self._clock.monotonic()
        due = frozenset(
            name for name, period in periods.items() if now - self._taken.get(name, -1e9) >= period.total_seconds()
        )
        self._taken.update(dict.fromkeys(due, now))
        return Tick(due, lapse_in=timedelta(0))


@attrs.frozen
class Passes:
    """The passes themselves."""

    recover: RecoverLapses
    expire: ExpireJobs
    forget: ForgetAnswers


class Maintainer:
    """Does the passes that are due, one bounded set at a time."""

    def __init__(
        self,
        passes: Passes,
        cadences: Cadences | None,
        queues: tuple[str, ...],
        claimer: Claimer,
        clock: Clock,
        timers: Timers,
        jitter: Jitter,
        outage: Outage,
        log: Log,
    ) -> None:
        self._passes = passes
        self._cadences = cadences
        self._local = LocalCadences(clock)
        self._queues = queues
        self._claimer = claimer
        self._jitter = jitter
        self._log = log
        self._bell = Bell(timers)
        self._patience: Patience = outage.patience("maintenance", timers)
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
            await self._bell.rest(sleep)

    def stop(self) -> None:
        """Have `run` return after the pass under way."""
        self._stopped = True
        self._patience.end()
        self._bell.ring()

    async def _round(self) -> float:
        tick = await self._tick()
        more = False
        if LAPSE in tick.due and tick.lapse_in is not None and tick.lapse_in <= timedelta(0):
            more = await self._recover()
        if EXPIRE in tick.due:
            more |= await self._passes.expire() == PASS_ROWS
        if FORGET in tick.due:
            more |= await self._passes.forget() == PASS_ROWS
        if tick.job_in is not None:
            self._claimer.look_in(max(tick.job_in.total_seconds(), 0.0))
        return SHORTEST_SLEEP if more else self._sleep(tick)

    async def _tick(self) -> Tick:
        return self._local.tick(PERIODS) if self._cadences is None else await self._cadences.tick(PERIODS, self._queues)

    async def _recover(self) -> bool:
        settled = await self._passes.recover()
        if settled:
            self._log.warning("leases.lapsed", jobs=len(settled))
        if any(told.status is JobStatus.QUEUED for told in settled):
            self._claimer.look()
        return len(settled) == PASS_ROWS

    def _sleep(self, tick: Tick) -> float:
        longest = LONGEST_SLEEP * (1.0 - self._jitter.draw() / 2)
        waits = [wait.total_seconds() for wait in (tick.lapse_in, tick.job_in) if wait is not None]
        return max(min([longest, *(wait for wait in waits if wait > 0)]), SHORTEST_SLEEP)
