"""Claiming: one probe for each lane, a (queue, priority) pair, and claims in the order in which they were wanted."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import attrs
from psycopg import AsyncConnection

from ...domain.ids import UUID, JobId
from ...domain.lease import Claim, ClaimOrder
from ...domain.spec import LOWEST_PRIORITY
from .rows import claim_of
from .statements import CLAIM, CLAIM_ONLY

Connection: TypeAlias = AsyncConnection[Any]
Lane: TypeAlias = tuple[str, int]
Mark: TypeAlias = tuple[datetime, JobId]

BEFORE_ALL: Mark = datetime.min.replace(tzinfo=UTC), UUID(int=0)
MARKED_CLAIMS = 4
MOST_MARKED_CLAIMS = 250


@attrs.frozen
class Pace:
    """How long a look for jobs may take before it is slow: about three times what it usually takes."""

    look: timedelta = timedelta(microseconds=300)
    each_job: timedelta = timedelta(microseconds=3)

    def slowness(self, took: timedelta, jobs: int) -> float:
        """Return how many times slower than allowed a look for so many jobs was."""
        return took / (self.look + jobs * self.each_job)


@attrs.define
class Claiming:
    """Claims over one connection, and remembers where it was in each lane.

    While a snapshot is held open elsewhere, the entries of claimed jobs stay in the claim index, and a look from
    its start walks them all again each time. A look that starts behind the last claimed job of each lane does not;
    but it misses what committed late, which sorts before younger jobs that are gone. So marks are used only after a
    full look was slow, for a number of claims in proportion to how slow it was (full looks then cost a small share
    of the time), and never is an answer short of what was asked without a full look.
    """

    _pace: Pace = Pace()
    _statement: str = CLAIM
    _marks: dict[Lane, Mark] = attrs.field(factory=dict, init=False)
    _marked_claims: int = attrs.field(default=0, init=False)

    async def claim(self, connection: Connection, order: ClaimOrder) -> list[Claim]:
        """Lease due jobs."""
        claims: list[Claim] = []
        if self._marked_claims:
            self._marked_claims -= 1
            claims, _ = await self._look(connection, order, self._marks)
        if len(claims) < order.limit:
            rest = attrs.evolve(order, limit=order.limit - len(claims))
            found, took = await self._look(connection, rest, {})
            self._marked_claims = self._after(took, rest.limit) if len(found) == rest.limit else 0
            claims = in_order(claims + found, order) if claims else found
        return claims

    def _after(self, took: timedelta, limit: int) -> int:
        """Return for how many claims marks are to be used after a full look that took so long."""
        slowness = self._pace.slowness(took, limit)
        return 0 if slowness < 1 else min(int(MARKED_CLAIMS * slowness), MOST_MARKED_CLAIMS)

    async def _look(
        self, connection: Connection, order: ClaimOrder, marks: dict[Lane, Mark]
    ) -> tuple[list[Claim], timedelta]:
        """Claim what lies behind `marks`; return it with the time that finding it took the database."""
        probed = lanes(order.queues)
        entries = [marks.get(lane, BEFORE_ALL) for lane in probed]
        cursor = connection.cursor(binary=True)
        await cursor.execute(
            self._statement,
            claim_facts(order)
            | {
                "queues": [queue for queue, _ in probed],
                "priorities": [priority for _, priority in probed],
                "after_run_at": [run_at for run_at, _ in entries],
                "after_id": [job_id for _, job_id in entries],
            },
        )
        rows = await cursor.fetchall()
        claims = in_order([claim_of(row) for row in rows], order)
        self._marks.update({(claim.queue, claim.priority): (claim.run_at, claim.job_id) for claim in claims})
        return claims, rows[0][-1] if rows else timedelta(0)


def lanes(queues: Sequence[str]) -> list[Lane]:
    """Return the lanes of these queues in the order in which they are served."""
    return [(queue, priority) for priority in range(LOWEST_PRIORITY + 1) for queue in dict.fromkeys(queues)]


async def claim_only(connection: Connection, order: ClaimOrder, only: Collection[JobId]) -> list[Claim]:
    """Lease those due jobs that `only` names."""
    cursor = connection.cursor(binary=True)
    await cursor.execute(CLAIM_ONLY, claim_facts(order) | {"queues": list(order.queues), "only": sorted(only)})
    return in_order([claim_of(row) for row in await cursor.fetchall()], order)


def in_order(claims: list[Claim], order: ClaimOrder) -> list[Claim]:
    """Return the claims as they were picked: an update returns its rows as it comes upon them."""
    places = {queue: place for place, queue in reversed(list(enumerate(order.queues)))}
    return sorted(claims, key=lambda claim: (claim.priority, places[claim.queue], claim.run_at, claim.job_id.int))


def claim_facts(order: ClaimOrder) -> dict[str, Any]:
    """Return what every claim takes."""
    return {
        "limit": order.limit,
        "lease": order.lease,
        "worker": order.worker_id,
        "begun": order.begun,
        "tasks": None if order.tasks is None else sorted(order.tasks),
    }
