"""What every queue backend promises, as tests: for ours, and for yours.

Subclass it in a test module, give the fixture `open_queue`, and run it with pytest and pytest-asyncio (mode auto):

```python
class TestMyQueue(QueueContract):
    @pytest.fixture
    async def open_queue(self):
        opened = []

        def open_one():
            opened.append(MyQueue(…))
            return opened[-1]

        yield open_one
        for queue in opened:
            await queue.close()
```

Each call gives another `JobQueue` on the same backend, as another process would have it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from ..application.ports.queue import JobQueue, Received
from ..domain.events import CancelRequested, JobQueued

OpenQueue: TypeAlias = Callable[[], JobQueue]

LONG = timedelta(seconds=30)
SHORT = timedelta(milliseconds=50)
AGAIN_S = 0.02
JOB = UUID("00000000-0000-7000-8000-00000000c001")
OTHER_JOB = UUID("00000000-0000-7000-8000-00000000c002")


def queued(queue: str, job_id: UUID = JOB, *, priority: int = 5, delay: timedelta = timedelta(0)) -> JobQueued:
    """Return the news of a job in `queue`, due since a minute or in `delay`."""
    return JobQueued(job_id, queue, priority, datetime.now(UTC) + (delay or timedelta(minutes=-1)))


async def heard(listener: JobQueue, queues: list[str], send: Callable[[], Awaitable[None]]) -> Received:
    """Send until the listener hears of it: hints may be lost, above all before somebody listens."""
    while True:
        hearing = asyncio.create_task(listener.receive(queues, LONG))
        while not hearing.done():
            await send()
            await asyncio.wait({hearing}, timeout=AGAIN_S)
        received = await hearing
        if received.job_ids or received.cancels or received.queues:
            return received


class QueueContract:
    """A hint wakes who waits for its queue; it may be lost or doubled; nothing ever raises."""

    async def test_a_hint_wakes_who_waits_for_its_queue(self, open_queue: OpenQueue) -> None:
        """Told on one side, heard on the other: the queue's name or the job's id, and no other's."""
        listener, teller = open_queue(), open_queue()

        async def tell() -> None:
            await teller.publish([queued("theirs", OTHER_JOB), queued("mine"), queued("mine")])

        received = await heard(listener, ["mine", "quiet"], tell)
        assert received.queues <= {"mine"}
        assert set(received.job_ids) <= {JOB}
        assert received

    async def test_a_cancel_reaches_who_waits_for_its_queue(self, open_queue: OpenQueue) -> None:
        """The listener is told which job to stop."""
        listener, teller = open_queue(), open_queue()

        async def tell() -> None:
            await teller.ring([CancelRequested(JOB, "mine", None)])

        assert JOB in (await heard(listener, ["mine"], tell)).cancels

    async def test_a_resumed_queue_wakes_who_waits_for_it(self, open_queue: OpenQueue) -> None:
        """The listener is told to look there, and nowhere else: which jobs there are nobody says."""
        listener, teller = open_queue(), open_queue()

        async def tell() -> None:
            await teller.ring((), ["theirs", "mine"])

        assert (await heard(listener, ["mine", "quiet"], tell)).queues == {"mine"}

    async def test_who_has_no_room_learns_of_cancels_and_gets_no_ids(self, open_queue: OpenQueue) -> None:
        """Whoever asks for no ids leaves them to others, and still hears what concerns the jobs it runs."""
        listener, teller = open_queue(), open_queue()
        received = Received()
        while not received.cancels:
            await teller.publish([queued("mine")])
            await teller.ring([CancelRequested(OTHER_JOB, "mine", None)])
            received = await listener.receive(["mine"], SHORT, 0)
            assert received.job_ids == ()
        assert received.cancels == {OTHER_JOB}

    async def test_nobody_gets_more_ids_than_asked_for(self, open_queue: OpenQueue) -> None:
        """Ten jobs, room for three at a time: never more than three, none to two receivers, all in the end."""
        first, second, teller = open_queue(), open_queue(), open_queue()
        jobs = [UUID(int=JOB.int + n) for n in range(10)]
        if not (await teller.health()).ids:
            return
        await teller.publish([queued("mine", job_id) for job_id in jobs])
        got: list[UUID] = []
        async with asyncio.timeout(10):
            while len(got) < len(jobs):
                for listener in (first, second):
                    received = await listener.receive(["mine"], SHORT, 3)
                    assert len(received.job_ids) <= 3
                    got.extend(received.job_ids)
        assert sorted(got) == jobs

    async def test_ids_come_in_the_order_of_claims(self, open_queue: OpenQueue) -> None:
        """The lowest priority number first across queues, then the longest due; what is not due stays."""
        listener, teller = open_queue(), open_queue()
        if not (await teller.health()).ids:
            return
        hour = timedelta(hours=1)
        jobs = [UUID(int=JOB.int + n) for n in range(4)]
        late = queued("a", OTHER_JOB, priority=0, delay=timedelta(minutes=30))
        await teller.publish([late, queued("a", jobs[3], priority=7), queued("b", jobs[2], priority=3)])
        await teller.publish([JobQueued(jobs[1], "b", 3, datetime.now(UTC) - hour), queued("a", jobs[0], priority=1)])
        await depth_of(teller, "b", 2)
        await depth_of(teller, "a", 3)
        got: list[UUID] = []
        async with asyncio.timeout(10):
            while len(got) < len(jobs):
                got.extend((await listener.receive(["a", "b"], SHORT, 1)).job_ids)
        assert got == jobs

    async def test_a_job_of_the_future_is_told_of_when_it_falls_due(self, open_queue: OpenQueue) -> None:
        """A backend of ids wakes who waits at the job's time, without anybody telling it again."""
        listener, teller = open_queue(), open_queue()
        if not (await teller.health()).ids:
            return
        await teller.publish([queued("mine", delay=timedelta(seconds=0.3))])
        await depth_of(teller, "mine", 1)
        received = Received()
        async with asyncio.timeout(10):
            while not received.job_ids:
                received = await listener.receive(["mine"], LONG)
        assert received.job_ids == (JOB,)

    async def test_waiting_ends_with_its_time(self, open_queue: OpenQueue) -> None:
        """Nothing came in: no job is named."""
        listener = open_queue()
        received = await listener.receive(["mine"], SHORT)
        assert not received.job_ids
        assert not received.cancels
        assert not (await listener.receive([], timedelta(0))).job_ids

    async def test_closing_ends_a_wait(self, open_queue: OpenQueue) -> None:
        """A receiver under way returns with nothing at once."""
        listener = open_queue()
        waiting = asyncio.create_task(listener.receive(["mine"], LONG))
        await asyncio.sleep(0)
        await listener.close()
        async with asyncio.timeout(10):
            assert not await waiting

    async def test_telling_nothing_is_nothing(self, open_queue: OpenQueue) -> None:
        """Empty sets of news are fine, and nobody has to be listening."""
        teller = open_queue()
        await teller.publish([])
        await teller.ring([])
        await teller.publish([queued("nobodys")])
        await teller.ring([CancelRequested(JOB, "nobodys", None)])

    async def test_depth_and_health_are_told(self, open_queue: OpenQueue) -> None:
        """Hints flow; how many wait is a number, or unknown where none are kept; telling twice is as telling once."""
        teller = open_queue()
        assert (await teller.health()).ok
        assert await teller.depth("mine") in (0, None)
        await teller.publish([queued("mine"), queued("mine")])
        assert await teller.depth("mine") in (0, 1, 2, None)
        if (await teller.health()).ids:
            await depth_of(teller, "mine", 1)
            await teller.publish([queued("mine"), queued("mine", OTHER_JOB)])
            await depth_of(teller, "mine", 2)

    async def test_a_cancelled_wait_leaves_the_queue_usable(self, open_queue: OpenQueue) -> None:
        """Whoever stops waiting harms nobody who waits after."""
        listener = open_queue()
        waiting = asyncio.create_task(listener.receive(["mine"], LONG))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()

        async def tell() -> None:
            await listener.publish([queued("mine")])

        assert await heard(listener, ["mine"], tell)

    async def test_what_is_closed_stays_closed(self, open_queue: OpenQueue) -> None:
        """After its end a queue takes everything, does nothing, and says that it is not well or that it keeps none."""
        listener = open_queue()
        await listener.close()
        await listener.close()
        await listener.publish([queued("mine")])
        await listener.ring([CancelRequested(JOB, "mine", None)])
        assert not (await listener.receive(["mine"], SHORT)).job_ids


async def depth_of(queue: JobQueue, name: str, expected: int) -> None:
    """Wait until so many hints wait: publishing does not wait for it."""
    async with asyncio.timeout(10):
        while await queue.depth(name) != expected:
            await asyncio.sleep(AGAIN_S)
