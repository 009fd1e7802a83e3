"""What a worker makes of limits: places are filled as they come free, and it looks again when it is worth it."""

import attrs
from tests.builders import seconds
from tests.unit.worker.test_claiming import Gate, Names
from tests.unit.worker.world import World, breathe

from equeue import Tasks
from equeue.application.failure_policies import SYSTEM
from equeue.application.ports.queue import Received
from equeue.application.queues import ManageQueues
from equeue.domain.audit import SYSTEM as NOBODY
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.queue import QueueSettings
from equeue.domain.spec import JobSpec
from equeue.entrypoints.worker.parts import WorkerRules

HASTY = WorkerRules(concurrency=10, poll=seconds(3600))


async def bound(world: World, limits: QueueLimits) -> None:
    """Set the limits of the queue that all use."""
    async with world.units() as unit:
        await unit.queues.put("default", QueueSettings(limits=limits))
        await unit.commit()


async def test_places_are_filled_as_they_come_free(world: World) -> None:
    """With room for more, a worker runs as many as the limit says, to the last job, and polls for none of it."""
    gate = Gate()
    await bound(world, QueueLimits(max_running=2))
    await world.start(gate.tasks, HASTY)
    ids = await world.enqueue_all([JobSpec("gated.task")] * 6)
    for left in range(6, 0, -1):
        await world.until(lambda left=left: gate.inside == min(2, left))  # type: ignore[misc]
        gate.through.release()
        await breathe()
    await world.until_ended(*ids)
    assert gate.most == 2


async def test_where_ids_come_by_themselves_limited_queues_are_looked_into_without_rest(world: World) -> None:
    """Their ids do not come: as long as looks bring all that was asked for, the next one follows at once."""
    hints, tasks = Names(), Tasks()

    @tasks.task("short.task")
    async def short() -> None: ...

    await bound(world, QueueLimits(max_running=10))
    await world.start(tasks, attrs.evolve(HASTY, concurrency=2, prefetch=False), queue=hints)
    await breathe()
    ids = await world.enqueue_all([JobSpec("short.task")] * 7)
    hints.told.put_nowait(Received(queues=frozenset({"default"})))
    await world.until_ended(*ids)
    assert world.clock.monotonic() == 0


async def test_a_place_that_came_free_elsewhere_is_found_soon(world: World) -> None:
    """Another worker's job ended: a second later this one looks, however rarely it polls."""
    mine, others = Gate(), Gate()
    await bound(world, QueueLimits(max_running=1))
    other = await world.start(others.tasks, attrs.evolve(HASTY, max_jobs=1))
    first, second = await world.enqueue_all([JobSpec("gated.task")] * 2)
    await world.until(lambda: others.inside == 1)
    await world.start(mine.tasks, HASTY)
    other.stop()
    await breathe()
    others.through.release()
    await world.until_ended(first)
    await world.timers.move(1.5)
    await world.until(lambda: mine.inside == 1)
    mine.through.release()
    await world.until_ended(second)


async def test_a_rate_is_waited_for(world: World) -> None:
    """The next job starts when the rate lets it, and not at the next poll."""
    gate = Gate()
    await bound(world, QueueLimits(rate=Rate(1, seconds(10))))
    await world.start(gate.tasks, HASTY)
    await world.enqueue_all([JobSpec("gated.task")] * 3)
    await world.until(lambda: gate.inside == 1)
    await world.timers.move(9)
    assert gate.inside == 1
    await world.timers.move(2)
    await world.until(lambda: gate.inside == 2)
    gate.through.release()
    gate.through.release()
    await breathe()
    await world.timers.move(11)
    await world.until(lambda: gate.inside == 1)
    gate.through.release()


async def test_a_paused_queue_starts_nothing_and_a_resumed_one_at_once(world: World) -> None:
    """Whoever resumes it is heard by those who wait."""
    gate = Gate()
    steer = ManageQueues(world.units, SYSTEM, world.queue)
    await steer.pause("default", NOBODY)
    await world.start(gate.tasks, HASTY)
    (job,) = await world.enqueue_all([JobSpec("gated.task")])
    await breathe()
    assert gate.inside == 0
    await steer.resume("default", NOBODY)
    await world.until(lambda: gate.inside == 1)
    gate.through.release()
    await world.until_ended(job)
