"""The heartbeat loop: leases stay alive for as long as their jobs are in this worker's hands."""

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

import attrs

from ...application.heartbeat import Beat, Hold, KeepAlive
from ...application.ports.jobs import JobLeases
from ...application.ports.platform import Clock
from ...application.ports.runtime import Timers
from ...domain.errors import Unavailable
from ..loops.bell import Bell
from ..loops.outage import Outage
from .parts import OpenLeases, WorkerRules

TICK = 1.0
"""Look at least so often, in seconds, whether a lease has to be extended or progress to be written."""


@attrs.frozen
class Pulses:
    """What the heartbeat takes from the worker and tells it; called from the heartbeat's own thread.

    `look` is called at every tick, before the beat, with the heartbeat's own way to the database.
    """

    holds: Callable[[], Collection[Hold]]
    told: Callable[[Beat], None]
    look: Callable[[JobLeases], Awaitable[None]]


class Heart:
    """Beats on whichever loop runs it, with a connection of its own, so that no handler can hold it up."""

    def __init__(
        self, open_leases: OpenLeases, rules: WorkerRules, clock: Clock, timers: Timers, outage: Outage, pulses: Pulses
    ) -> None:
        self._open = open_leases
        self._rules = rules
        self._clock = clock
        self._pulses = pulses
        self._bell = Bell(timers)
        self._patience = outage.patience("heartbeat", timers)
        self._tick = min(TICK, rules.heartbeat.total_seconds() / 2)
        self._stopped = False

    async def run(self) -> None:
        """Beat until stopped."""
        async with self._open() as leases:
            keep_alive = self._keep_alive(leases)
            while not self._stopped:
                try:
                    await self._pulses.look(leases)
                    await self._beat(keep_alive)
                    self._patience.worked()
                except Unavailable as away:
                    await self._patience.after(away)
                    continue
                await self._bell.rest(self._tick)

    def stop(self) -> None:
        """Have `run` return; call it on the heart's own loop."""
        self._stopped = True
        self._patience.end()
        self._bell.ring()

    def _keep_alive(self, leases: JobLeases) -> KeepAlive:
        return KeepAlive(leases, self._clock, self._rules.lease, _period(self._rules))

    async def _beat(self, keep_alive: KeepAlive) -> None:
        beat = await keep_alive(self._pulses.holds())
        if beat:
            self._pulses.told(beat)


def _period(rules: WorkerRules) -> timedelta:
    return min(rules.heartbeat, rules.lease / 3)
