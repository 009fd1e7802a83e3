"""The world in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from tests.contract.world import World

from equeue.adapters.memory.bulk import MemoryBulkReads
from equeue.adapters.memory.dead_letters import MemoryDeadLetters
from equeue.adapters.memory.demand import MemoryDemands
from equeue.adapters.memory.due import MemoryDueJobs
from equeue.adapters.memory.intake import MemoryIntake
from equeue.adapters.memory.leases import MemoryJobLeases
from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.presence import MemoryPresence
from equeue.adapters.memory.pruning import MemoryPruning
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.reads import MemoryJobReads
from equeue.adapters.memory.situations import MemorySituations
from equeue.adapters.memory.statistics import MemoryLiveFigures, MemoryStatistics
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.adapters.memory.watching import MemoryJobWatch, MemoryTopicWatch


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """Give an empty world whose time is a clock that the test moves."""
    world = memory_world_on(MovableClock())
    yield world
    await world.queue.close()


def memory_world_on(clock: MovableClock) -> World:
    """Return an empty world whose time is `clock`."""
    store = MemoryStore(clock)
    queue = MemoryJobQueue()

    async def let_pass(by: timedelta) -> None:
        clock.move(by)

    async def let_be_counted() -> None:
        """Memory counts nothing."""

    return World(
        leases=MemoryJobLeases(store),
        units_of_work=memory_units_of_work(store),
        reads=MemoryJobReads(store),
        bulk_reads=MemoryBulkReads(store),
        demands=MemoryDemands(store),
        pruning=MemoryPruning(store),
        dead_letters=MemoryDeadLetters(store),
        statistics=MemoryStatistics(store),
        live_figures=MemoryLiveFigures(store),
        queue=queue,
        let_pass=let_pass,
        another_leases=lambda: MemoryJobLeases(store),
        another_queue=lambda: queue,
        due=MemoryDueJobs(store),
        intake=MemoryIntake(store),
        another_intake=MemoryIntake(store),
        job_watch=MemoryJobWatch(store),
        topic_watch=MemoryTopicWatch(store),
        let_be_counted=let_be_counted,
        situations=MemorySituations(store),
        presence=MemoryPresence(store),
    )
