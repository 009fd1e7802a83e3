"""How many workers there should be, for autoscalers that ask."""

from collections.abc import Collection
from datetime import timedelta

import attrs

from ..domain.scaling import Need, need
from .ports.demand import Demands


@attrs.frozen
class TellNeed:
    """Tell how many workers some queues need."""

    demands: Demands

    async def __call__(self, queues: Collection[str], *, slots_a_worker: int, target: timedelta) -> Need:
        """Return the need of `queues` (none: of all). Raises `Unavailable`."""
        return need(await self.demands.read(queues), slots_a_worker=slots_a_worker, target=target)
