"""What queues ask for: the facts from which the number of workers is decided."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

from ...domain.scaling import Demand

MOST = 10_001
"""Nobody counts further: that there are more is all that matters."""

LATELY = timedelta(seconds=60)
"""How far back arrivals are looked at."""

KEYS = 1_000
"""So many concurrency keys of a queue are looked at."""

SAMPLE = 1_000
"""So many jobs, the youngest, stand for all that came lately, and as many that ended for how long they run."""


class Demands(Protocol):
    """Reads how much work there is and how fast it comes, without ever counting history."""

    async def read(self, queues: Collection[str] = ()) -> Sequence[Demand]:
        """Return the demand of each of `queues`, or of every queue in which jobs wait, run or came lately, by name.

        Limits are none of it: every demand is as if it were open. Raises `Unavailable`.
        """
        ...

    async def startable(self, queue: str, per_key: int) -> int:
        """Return how many waiting jobs could start if `per_key` of one concurrency key may run; keyless ones all could.

        Counted to a bound. Raises `Unavailable`.
        """
        ...

    async def dead(self) -> Sequence[tuple[str, int]]:
        """Return how many jobs lie dead in each queue that has any. Raises `Unavailable`."""
        ...

    async def oldest_snapshot(self) -> timedelta | None:
        """Return the age of the oldest transaction that keeps vacuum back, as far as this role may see.

        Raises `Unavailable`.
        """
        ...
