"""Who does the next maintenance pass, by rows that all processes see."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from ...application.ports.cadences import Tick
from .claiming import lanes
from .engine import Lane
from .errors import translated
from .statements import TICK


@attrs.frozen
class PostgresCadences:
    """A `Cadences` on a lane: one statement, one round trip."""

    _lane: Lane

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:
        """Take those passes whose period has gone by since anybody took them."""
        probed = lanes(queues)
        facts = {
            "names": list(periods),
            "periods": list(periods.values()),
            "queues": [queue for queue, _ in probed],
            "priorities": [priority for _, priority in probed],
        }
        with translated():
            async with self._lane.connection() as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(TICK, facts)
                ((due, lapse_in, job_in),) = await cursor.fetchall()
        return Tick(frozenset(due), lapse_in, job_in)
