"""Words for tests of limits and pauses."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.builders import QUEUE, seconds
from tests.contract.world import World

from equeue.domain.lease import Claim, Granted
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.queue import Pause, QueueSettings


async def limit(
    world: World,
    queue: str = QUEUE,
    *,
    running: int | None = None,
    per_key: int | None = None,
    rate: Rate | None = None,
    oldest: float | None = None,
) -> None:
    """Set the limits of a queue, and keep them."""
    limits = QueueLimits(running, per_key, rate, oldest_share=oldest)
    async with world.units_of_work() as unit:
        await unit.queues.put(queue, QueueSettings(limits=limits))
        await unit.commit()


async def pause(world: World, queue: str = QUEUE, *, length: timedelta | None = None) -> datetime:
    """Have a queue pause, perhaps for so long; return since when."""
    async with world.units_of_work() as unit:
        now = await unit.now()
        until = None if length is None else now + length
        await unit.queues.put(queue, QueueSettings(), Pause(now, reason="for a test", until=until))
        await unit.commit()
    return now


async def resume(world: World, queue: str = QUEUE) -> None:
    """Have a queue go on."""
    async with world.units_of_work() as unit:
        await unit.queues.put(queue, QueueSettings())
        await unit.commit()


def again_in(claims: Sequence[Claim]) -> timedelta | None:
    """Return when a claim says that it is worth another look."""
    return claims.again_in if isinstance(claims, Granted) else None


def keys_of(jobs: int, *keys: str | None) -> list[str | None]:
    """Return so many jobs' keys, in turn."""
    return [keys[place % len(keys)] for place in range(jobs)]


A_SECOND = seconds(1)
