"""Heartbeat: leases that are held are kept alive, and what the answer says is passed on."""

from collections.abc import Collection, Iterator
from datetime import timedelta

import attrs

from ..domain.errors import Unavailable
from ..domain.lease import Claim, Fence, Pulse
from ..domain.outcomes import Outcome
from .context import Context
from .ports.jobs import JobLeases
from .ports.platform import Clock


class Hold:
    """One lease that this worker holds.

    `until` is when it ends at the earliest, by the monotonic clock started before the database was asked: nobody
    else can hold the job before. `began` is when the handler began, `ended` how it ended. `settling` is true while a
    statement that ends the lease is under way, `mute` once the lease is to run out.
    """

    __slots__ = ("began", "claim", "context", "ended", "mute", "settling", "told_begun", "until")

    def __init__(self, claim: Claim, until: float) -> None:
        self.claim = claim
        self.until = until
        self.began: float | None = None
        self.context: Context | None = None
        self.told_begun = claim.begun
        self.ended: Outcome | None = None
        self.settling = False
        self.mute = False


@attrs.frozen
class Beat:
    """What a heartbeat told: leases that are gone, and jobs that somebody asked to cancel."""

    lost: tuple[Hold, ...] = ()
    cancel: tuple[Hold, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost or self.cancel)


@attrs.frozen
class KeepAlive:
    """Extend the leases that need it.

    A lease is extended once `period` has gone by since it was taken or extended; sooner where the database does not
    know yet that the handler began, or where there is progress to write.
    """

    leases: JobLeases
    clock: Clock
    lease: timedelta
    period: timedelta

    async def __call__(self, holds: Collection[Hold]) -> Beat:
        """Send one heartbeat for those of `holds` that need one, and note the new ends of their leases.

        Raises `Unavailable`; then nothing is lost, progress neither.
        """
        sent = self.clock.monotonic()
        pulses = {pulse.fence: (hold, pulse) for hold, pulse in self._due(holds, sent)}
        if not pulses:
            return Beat()
        try:
            answer = await self.leases.heartbeat([pulse for _, pulse in pulses.values()], self.lease)
        except Unavailable:
            for hold, pulse in pulses.values():
                _put_back(hold, pulse)
            raise
        self._extend(pulses, answer.lost, sent)
        return Beat(_of(pulses, answer.lost), _of(pulses, answer.cancel))

    def _due(self, holds: Collection[Hold], now: float) -> Iterator[tuple[Hold, Pulse]]:
        fresh = now + (self.lease - self.period).total_seconds()
        for hold in holds:
            if hold.settling or hold.mute:
                continue
            begun = hold.began is not None
            progress = hold.context.take_progress() if hold.context is not None else None
            if hold.until <= fresh or progress is not None or (begun and not hold.told_begun):
                yield hold, Pulse(hold.claim.fence, begun=begun or hold.told_begun, progress=progress)

    def _extend(self, pulses: dict[Fence, tuple[Hold, Pulse]], lost: Collection[Fence], sent: float) -> None:
        until = sent + self.lease.total_seconds()
        for fence, (hold, pulse) in pulses.items():
            if fence not in lost:
                hold.until = max(hold.until, until)
                hold.told_begun = hold.told_begun or pulse.begun


def _put_back(hold: Hold, pulse: Pulse) -> None:
    if hold.context is not None and pulse.progress is not None:
        hold.context.put_back(pulse.progress)


def _of(pulses: dict[Fence, tuple[Hold, Pulse]], fences: Collection[Fence]) -> tuple[Hold, ...]:
    return tuple(pulses[fence][0] for fence in fences if fence in pulses)
