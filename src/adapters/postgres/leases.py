"""Jobs as workers hold them, in PostgreSQL: single hot statements on one kept connection."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import attrs
from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected

from ...application.ports.jobs import Decide, Settled
from ...domain.ids import JobId
from ...domain.lease import Claim, ClaimOrder, Fence, Heartbeat, Pulse
from ...domain.settlement import Settlement
from .claiming import Claiming
from .engine import Lane
from .errors import UNSTORABLE, translated
from .rows import claim_of
from .settling import settle, settle_apart
from .statements import EXPIRE, HEARTBEAT, TAKE_OVER
from .steering import SteeredClaiming

Connection: TypeAlias = AsyncConnection[Any]
T = TypeVar("T")


@attrs.frozen
class PostgresJobLeases:
    """A `JobLeases` on a lane: in AUTOCOMMIT, so that one statement is one round trip and one transaction."""

    _lane: Lane
    _free: Claiming = attrs.field(factory=Claiming)
    _claiming: SteeredClaiming = attrs.field(init=False)

    @_claiming.default
    def _steered(self) -> SteeredClaiming:
        return SteeredClaiming(self._free)

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        """Lease due jobs to a worker."""
        if order.limit < 1 or not order.queues:
            return []
        if only is not None and not only:
            return []
        return await self._on_lane(lambda connection: self._claiming.claim(connection, order, only))

    async def heartbeat(self, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
        """Extend the leases whose fences still hold."""
        if not pulses:
            return Heartbeat()
        return await self._on_lane(lambda connection: _heartbeat(connection, pulses, lease))

    async def settle(self, settlements: Sequence[Settlement]) -> Sequence[Settled]:
        """Write how attempts ended, each under its fence."""
        return await self._on_lane(lambda connection: settle(connection, settlements)) if settlements else []

    async def lapse(self, limit: int, decide: Decide) -> Sequence[Settled]:
        """Take over leases that ran out and settle them as `decide` says."""
        return await self._on_lane(lambda connection: _lapse(connection, limit, decide))

    async def expire(self, limit: int) -> Sequence[JobId]:
        """Cancel queued jobs whose `expires_at` has passed."""
        return await self._on_lane(lambda connection: _expire(connection, limit))

    async def _on_lane(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do `work` on the lane; once more after a deadlock, whose loser has changed nothing."""
        with translated():
            async with self._lane.connection() as connection:
                try:
                    return await work(connection)
                except DeadlockDetected:
                    return await work(connection)


async def _heartbeat(connection: Connection, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
    try:
        return await _beat(connection, pulses, lease)
    except UNSTORABLE:
        silent = [attrs.evolve(pulse, progress=None) for pulse in pulses]
        return await _beat(connection, silent, lease)


async def _beat(connection: Connection, pulses: Sequence[Pulse], lease: timedelta) -> Heartbeat:
    ordered = sorted(pulses, key=lambda pulse: (pulse.fence.job_id.int, pulse.fence.token))
    cursor = connection.cursor(binary=True)
    await cursor.execute(
        HEARTBEAT,
        {
            "lease": lease,
            "count": len(ordered),
            "ids": [pulse.fence.job_id for pulse in ordered],
            "tokens": [pulse.fence.token for pulse in ordered],
            "begun": [pulse.begun for pulse in ordered],
            "progress": [None if pulse.progress is None else pulse.progress.decode() for pulse in ordered],
        },
    )
    held = {Fence(job_id, token): cancel for job_id, token, cancel in await cursor.fetchall()}
    return Heartbeat(
        lost=frozenset(pulse.fence for pulse in pulses if pulse.fence not in held),
        cancel=frozenset(fence for fence, cancel in held.items() if cancel),
    )


async def _lapse(connection: Connection, limit: int, decide: Decide) -> list[Settled]:
    cursor = connection.cursor(binary=True)
    async with connection.transaction():
        await cursor.execute(TAKE_OVER, {"limit": limit})
        claims = [claim_of(row) for row in await cursor.fetchall()]
        return await settle_apart(connection, decide(claims)) if claims else []


async def _expire(connection: Connection, limit: int) -> list[JobId]:
    cursor = connection.cursor(binary=True)
    await cursor.execute(EXPIRE, {"limit": limit})
    return [row[0] for row in await cursor.fetchall()]
