"""How many workers there should be, for autoscalers that ask."""

from collections.abc import Collection
from datetime import datetime, timedelta

import attrs

from ..domain.scaling import Ceiling, Demand, Need, need
from .ports.demand import Demands
from .ports.queues import StoredQueue
from .ports.unit_of_work import UnitsOfWork


@attrs.frozen
class TellNeed:
    """Tell how many workers some queues need, none of them for work that a limit or a pause forbids."""

    demands: Demands
    units_of_work: UnitsOfWork

    async def __call__(self, queues: Collection[str], *, slots_a_worker: int, target: timedelta) -> Need:
        """Return the need of `queues` (none: of all); `target` is for those that have none. Raises `Unavailable`."""
        open_demands = await self.demands.read(queues)
        async with self.units_of_work() as unit:
            now, known = await unit.now(), {stored.name: stored for stored in await unit.queues.all()}
        bounded = [await self._bounded(demand, known.get(demand.queue), now) for demand in open_demands]
        return need(bounded, slots_a_worker=slots_a_worker, target=target)

    async def _bounded(self, demand: Demand, stored: StoredQueue | None, now: datetime) -> Demand:
        if stored is None:
            return demand
        limits, most = stored.settings.limits, stored.settings.limits.max_running
        if limits.max_running_per_key is not None and demand.ready:
            startable = await self.demands.startable(demand.queue, limits.max_running_per_key)
            most = min(demand.running + startable, most or demand.running + startable)
        rate = None if limits.rate is None else limits.rate.limit / limits.rate.period.total_seconds()
        paused = stored.pause is not None and stored.pause.holds(now)
        return attrs.evolve(demand, ceiling=Ceiling(most, rate, paused), target=stored.settings.target_wait)
