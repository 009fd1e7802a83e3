"""Hints: they wake who waits, for the queues asked for, and never raise."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.builders import NOON, WORKER, a_birth, seconds
from tests.contract.world import World

from equeue.application.ports.queue import JobQueue, Received
from equeue.domain.events import CancelRequested, JobQueued

LONG = seconds(30)
JOB = a_birth().job_id


def queued(queue: str) -> JobQueued:
    """Return the news of a job in `queue`."""
    return JobQueued(JOB, queue, 5, NOON)


async def heard(listener: JobQueue, queues: list[str], send: Callable[[], Awaitable[None]]) -> Received:
    """Send until the listener hears of it: hints may be lost, above all before somebody listens."""
    hearing = asyncio.create_task(listener.receive(queues, LONG))
    while not hearing.done():
        await send()
        await asyncio.wait({hearing}, timeout=0.02)
    return await hearing


async def test_a_hint_wakes_who_waits_for_its_queue(world: World) -> None:
    """Told on one side, heard on the other, with the queue's name and no other."""
    teller = world.another_queue()

    async def tell() -> None:
        await teller.publish([queued("theirs"), queued("mine"), queued("mine")])

    received = await heard(world.queue, ["mine", "quiet"], tell)
    assert received.queues == {"mine"}
    assert set(received.job_ids) <= {JOB}


async def test_a_cancel_reaches_who_waits_for_its_queue(world: World) -> None:
    """The listener is told which job to stop."""
    teller = world.another_queue()

    async def tell() -> None:
        await teller.ring([CancelRequested(JOB, "mine", WORKER)])

    assert JOB in (await heard(world.queue, ["mine"], tell)).cancels


async def test_waiting_ends_with_its_time(world: World) -> None:
    """Nothing came in: nothing is returned."""
    assert not await world.queue.receive(["mine"], timedelta(milliseconds=50))
    assert not await world.queue.receive([], timedelta(0))


async def test_closing_ends_a_wait(world: World) -> None:
    """A receiver under way returns with nothing at once."""
    waiting = asyncio.create_task(world.queue.receive(["mine"], LONG))
    await asyncio.sleep(0)
    await world.queue.close()
    async with asyncio.timeout(10):
        assert not await waiting


async def test_telling_nothing_is_nothing(world: World) -> None:
    """Empty sets of news are fine, and nobody has to be listening."""
    await world.queue.publish([])
    await world.queue.ring([])
    await world.queue.publish([queued("nobodys")])
    await world.queue.ring([CancelRequested(JOB, "nobodys", None)])


async def test_depth_and_health_are_told(world: World) -> None:
    """Hints flow; how many wait is a number, or unknown where none are kept."""
    assert (await world.queue.health()).ok
    assert await world.queue.depth("mine") in (0, None)
    await world.queue.publish([queued("mine"), queued("mine")])
    assert await world.queue.depth("mine") in (1, 2, None)


async def test_a_cancelled_wait_leaves_the_queue_usable(world: World) -> None:
    """Whoever stops waiting harms nobody who waits after."""
    waiting = asyncio.create_task(world.queue.receive(["mine"], LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()

    async def tell() -> None:
        await world.queue.publish([queued("mine")])

    assert (await heard(world.queue, ["mine"], tell)).queues == {"mine"}
