"""What an API process shows of the whole installation: how the database stands, and what waits, runs and lies dead."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

import attrs

from ..domain.errors import Unavailable
from .ports.demand import Demands
from .ports.metering import (
    DATABASE_UP,
    DEAD,
    HINTS_UP,
    OF_API,
    OLDEST,
    READY,
    RUNNING,
    SCHEMA_FITS,
    SNAPSHOT,
    Family,
    Labels,
    Meter,
)
from .readiness import Readiness

ALONE: Labels = ()
NOW = timedelta(0)


@attrs.frozen
class ShowMetrics:
    """Write the page of metrics; a database that is away is told by a number, not by an error."""

    meter: Meter
    demands: Demands
    ready: Callable[[], Awaitable[Readiness]]
    info: Mapping[Family, Mapping[Labels, float]] = MappingProxyType({})

    async def __call__(self) -> str:
        """Return the page."""
        gauges = dict(self.info)
        readiness = await self.ready()
        gauges[DATABASE_UP] = {ALONE: float(readiness.database.ok)}
        gauges[SCHEMA_FITS] = {ALONE: float(readiness.schema.ok)}
        gauges[HINTS_UP] = {ALONE: float(readiness.queue.ok)}
        if readiness.ready:
            try:
                gauges.update(await self._of_database())
            except Unavailable:
                gauges[DATABASE_UP] = {ALONE: 0.0}
        return self.meter.show(OF_API, gauges)

    async def _of_database(self) -> dict[Family, Mapping[Labels, float]]:
        demands = await self.demands.read()
        oldest = await self.demands.oldest_snapshot()
        return {
            READY: {(one.queue,): float(one.ready) for one in demands},
            RUNNING: {(one.queue,): float(one.running) for one in demands},
            OLDEST: {(one.queue,): (one.oldest_ready or NOW).total_seconds() for one in demands},
            DEAD: {(queue,): float(jobs) for queue, jobs in await self.demands.dead()},
            SNAPSHOT: {ALONE: (oldest or NOW).total_seconds()},
        }
