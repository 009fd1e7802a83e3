"""A wait for hints that is cancelled as one comes in: a worker that stops must not wait for its listener for ever."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.builders import NOON

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.postgres.mailbox import Mailbox
from equeue.application.ports.queue import Received
from equeue.domain.events import JobQueued
from equeue.domain.ids import UUID
from equeue.entrypoints.loops.timers import cancelled

LONG = timedelta(seconds=30)
A_JOB = JobQueued(UUID(int=1), "mail", 5, NOON)
HINT = Received(queues=frozenset({"mail"}))


async def begun(waiting: "asyncio.Task[Received]") -> None:
    """Let a wait begin."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()


async def test_a_cancel_that_meets_a_hint_is_a_cancel() -> None:
    """The wait ends by it, and the hint is there for who asks next."""
    mailbox = Mailbox()
    waiting = asyncio.create_task(mailbox.take(["mail"], LONG))
    await begun(waiting)

    mailbox.put_ready("mail")
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await mailbox.take(["mail"], LONG) == HINT


async def test_a_cancel_that_meets_a_hint_in_memory_is_a_cancel() -> None:
    """As with PostgreSQL's."""
    queue = MemoryJobQueue()
    waiting = asyncio.create_task(queue.receive(["mail"], LONG))
    await begun(waiting)

    await queue.publish([A_JOB])
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await queue.receive(["mail"], LONG) == HINT


async def test_a_loop_that_loses_a_cancel_is_cancelled_again() -> None:
    """Libraries below lose some: `asyncio.wait_for` of Python 3.11 does, when its answer comes with the cancel."""
    lost: list[None] = []

    async def loop() -> None:
        forever: Callable[[], asyncio.Future[None]] = asyncio.get_running_loop().create_future
        while True:
            try:
                await forever()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(None)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)

    await asyncio.wait_for(cancelled(task), 10)

    assert task.cancelled()
