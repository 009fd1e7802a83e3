"""A worker is heard of for as long as it lives, and no longer."""

from collections.abc import Collection
from datetime import datetime, timedelta

import attrs
from tests.unit.worker.test_claiming import Gate
from tests.unit.worker.world import World

from equeue.adapters.memory.presence import MemoryPresence
from equeue.domain.errors import Unavailable
from equeue.domain.explanation import SILENCE

TASK = "gated.task"


@attrs.define
class Cut:
    """A way to the database that is cut for the first few calls."""

    presence: MemoryPresence
    left: int

    async def tell(self, tasks: Collection[str]) -> None:
        """Tell, if the way is open."""
        self.left -= 1
        if self.left >= 0:
            raise Unavailable("the line is cut")
        await self.presence.tell(tasks)


def silence(world: World) -> timedelta:
    """Return how long nobody was heard of who knows the task."""
    seen: datetime = world.store.seen[TASK]
    return world.clock.now() - seen


async def test_an_idle_worker_is_heard_of(world: World) -> None:
    """Long before it would be taken for dead, however long it has nothing to do."""
    await world.start(Gate().tasks, presence=MemoryPresence(world.store))
    for _ in range(10):
        await world.timers.move(100)
        assert silence(world) < SILENCE / 2


async def test_a_worker_that_ended_is_not(world: World) -> None:
    """What it said last grows old."""
    await world.start(Gate().tasks, presence=MemoryPresence(world.store))
    await world.timers.move(100)
    await world.stop()
    await world.timers.move(600)
    assert silence(world) > SILENCE


async def test_a_worker_that_was_cut_off_says_it_soon(world: World) -> None:
    """It tries again, with patience, and does not wait for its next turn."""
    await world.start(Gate().tasks, presence=Cut(MemoryPresence(world.store), left=3))
    await world.timers.move(62)
    assert silence(world) < timedelta(seconds=14)
    assert world.log.events().count("database.away") == 1
    assert world.log.events().count("database.back") == 1
