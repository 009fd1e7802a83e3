"""Which way a claim goes: the one statement for queues that nobody steers, or by turns where there are limits."""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

import attrs
from psycopg import AsyncConnection

from ...domain.ids import JobId
from ...domain.lease import Claim, ClaimOrder, Granted
from ...domain.limits import SATURATED
from .claiming import Claiming, claim_only
from .limit_statements import WHICH
from .limited import LimitedClaiming
from .statements import CLAIM_IN_TURN

Connection: TypeAlias = AsyncConnection[Any]


@attrs.define
class SteeredClaiming:
    """Claims over one connection.

    It believes that no queue is steered until a claim brings nothing: the hot statement itself takes nothing where one
    is, so belief is never what a limit rests on, and queues without limits pay no round trip for those that have some.
    """

    _free: Claiming = attrs.field(factory=Claiming)
    _limited: LimitedClaiming = attrs.field(init=False)
    _steered: frozenset[str] = attrs.field(default=frozenset(), init=False)
    _roomy: frozenset[str] = attrs.field(default=frozenset(), init=False)

    @_limited.default
    def _in_turn(self) -> LimitedClaiming:
        return LimitedClaiming(attrs.evolve(self._free, statement=CLAIM_IN_TURN))

    async def claim(
        self, connection: Connection, order: ClaimOrder, only: Collection[JobId] | None = None
    ) -> Sequence[Claim]:
        """Lease due jobs."""
        if not order.begun:
            return await self._prefetch(connection, order, only)
        if self._steered.isdisjoint(order.queues):
            claims = await self._claim_free(connection, order, only)
            if claims or not await self._learn(connection, order):
                return claims
        return await self._claim_in_turn(connection, order, only)

    async def _prefetch(
        self, connection: Connection, order: ClaimOrder, only: Collection[JobId] | None
    ) -> Sequence[Claim]:
        """Lease ahead from queues that nobody steers, and from those that had room to spare when they were asked last.

        Ids of steered ones come to nothing, and a look has to find them.
        """
        free = tuple(name for name in order.queues if name not in self._steered)
        if only is None and not self._roomy.isdisjoint(order.queues):
            near = self._steered - self._roomy
            far = tuple(name for name in order.queues if name not in near)
            return await self._claim_in_turn(connection, attrs.evolve(order, queues=far))
        claims = await self._claim_free(connection, attrs.evolve(order, queues=free), only) if free else []
        return claims if only is None or free == order.queues else Granted.of(claims, SATURATED)

    async def _claim_in_turn(
        self, connection: Connection, order: ClaimOrder, only: Collection[JobId] | None = None
    ) -> Sequence[Claim]:
        claims, rooms = await self._limited.claim(connection, order, only)
        self._steered = self._steered.difference(order.queues) | rooms.keys()
        self._roomy = self._roomy.difference(order.queues) | {name for name, room in rooms.items() if room.ahead}
        return claims

    async def _claim_free(
        self, connection: Connection, order: ClaimOrder, only: Collection[JobId] | None
    ) -> Sequence[Claim]:
        if only is None:
            return await self._free.claim(connection, order)
        return await claim_only(connection, order, only)

    async def _learn(self, connection: Connection, order: ClaimOrder) -> bool:
        """Ask which of these queues are steered; tell whether any is."""
        cursor = connection.cursor(binary=True)
        await cursor.execute(WHICH, {"queues": list(order.queues)})
        steered = {row[0] for row in await cursor.fetchall()}
        self._steered = self._steered.difference(order.queues) | steered
        return bool(steered)
