"""One look a tick answers all who wait, soon when something stirs, seldom when nothing does, never for nobody."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import a_job, seconds
from tests.unit.worker.world import HandMovedTimers, breathe
from uuid_utils.compat import uuid7

from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.watching import MemoryJobWatch
from equeue.application import waiting as module
from equeue.application.ports.watching import Missing, Seen, Sight
from equeue.application.waiting import LONGEST_S, SHORTEST_S, WaitingRoom
from equeue.domain.errors import Overloaded, Unavailable
from equeue.domain.ids import JobId
from equeue.domain.job import Job
from equeue.domain.status import JobStatus


@attrs.define
class Watch:
    """A watch that can be away, or slow."""

    inner: MemoryJobWatch
    clock: MovableClock
    asked: list[Mapping[JobId, str]] = attrs.field(factory=list)
    away: bool = False
    takes: timedelta = timedelta(0)

    async def look(self, known: Mapping[JobId, str]) -> Mapping[JobId, Seen]:
        self.asked.append(known)
        if self.away:
            raise Unavailable("gone")
        self.clock.move(self.takes)
        return await self.inner.look(known)


class Hall:
    """A waiting room over a few jobs."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.store = MemoryStore(self.clock)
        self.timers = HandMovedTimers(self.clock)
        self.watch = Watch(MemoryJobWatch(self.store), self.clock)
        self.room = WaitingRoom(self.watch, self.clock, self.timers)

    def put(self, job: Job) -> JobId:
        """Let a job stand as given."""
        self.store.jobs[job.id] = job
        return job.id

    def move(self, job_id: JobId, status: JobStatus) -> None:
        """Let a job get on."""
        self.put(attrs.evolve(a_job(status), id=job_id))

    @property
    def looks(self) -> int:
        """How often was looked."""
        return len(self.watch.asked)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    """Give an empty waiting room."""
    opened = Hall()
    yield opened
    await opened.room.close()


def waiter(hall: Hall, job_id: JobId, patience: float = 50) -> "asyncio.Task[None]":
    """Let somebody wait for the end of a job."""
    return asyncio.create_task(hall.room.ended(job_id, seconds(patience)))


async def test_nobody_is_looked_for(hall: Hall) -> None:
    """Without waiters no query is made."""
    await hall.timers.move(100)
    assert hall.looks == 0


async def test_waiter_hears_of_the_end(hall: Hall) -> None:
    """Within a tick; and then nobody looks on."""
    job_id = hall.put(a_job())
    waiting = waiter(hall, job_id)
    await hall.timers.move(3)
    assert not waiting.done()
    hall.move(job_id, JobStatus.RUNNING)
    await hall.timers.move(LONGEST_S)
    assert not waiting.done()
    hall.move(job_id, JobStatus.SUCCEEDED)
    await hall.timers.move(LONGEST_S)
    await waiting
    looks = hall.looks
    await hall.timers.move(10)
    assert hall.looks == looks


async def test_waiting_ends_with_patience(hall: Hall) -> None:
    """To the moment, whatever the tick."""
    waiting = waiter(hall, hall.put(a_job()), patience=1.234)
    await hall.timers.move(1.233)
    assert not waiting.done()
    await hall.timers.move(0.002)
    await waiting


async def test_waiting_for_what_is_gone_ends(hall: Hall) -> None:
    """Deleted meanwhile, or never there."""
    waiting = waiter(hall, uuid7())
    await hall.timers.move(0)
    await waiting


async def test_two_hundred_waiters_cost_one_look_a_tick(hall: Hall) -> None:
    """Whoever waits, and for whatever, the look is the same one."""
    alone = Hall()
    lonely = waiter(alone, alone.put(a_job()))
    crowd = [waiter(hall, hall.put(a_job(id=uuid7()))) for _ in range(199)]
    crowd.append(waiter(hall, next(iter(hall.store.jobs))))
    for each in (alone, hall):
        await each.timers.move(10)
    assert hall.looks == alone.looks
    assert len(hall.watch.asked[-1]) == 199
    for task in (lonely, *crowd):
        task.cancel()
    await asyncio.gather(lonely, *crowd, return_exceptions=True)
    await alone.room.close()


async def test_ticks_grow_longer_while_nothing_stirs(hall: Hall) -> None:
    """From a hundredth of a second to a quarter; a newcomer makes them short again."""
    waiting = [waiter(hall, hall.put(a_job()))]
    await hall.timers.move(0.1)
    assert hall.looks == pytest.approx(0.1 / SHORTEST_S, abs=1)
    await hall.timers.move(20)
    before = hall.looks
    await hall.timers.move(10)
    assert hall.looks - before == pytest.approx(10 / LONGEST_S, abs=1)
    before = hall.looks
    waiting.append(waiter(hall, hall.put(a_job(id=uuid7()))))
    await hall.timers.move(0.05)
    assert hall.looks - before >= 4
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_slow_database_is_left_alone(hall: Hall) -> None:
    """At most a fifth of the time is spent looking."""
    hall.watch.takes = seconds(1)
    waiting = waiter(hall, hall.put(a_job()))
    await hall.timers.move(49)
    assert hall.looks <= 11
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_database_away_is_waited_out(hall: Hall) -> None:
    """Nobody is told anything, and the end is heard of once it is back."""
    hall.watch.away = True
    job_id = hall.put(a_job())
    waiting = waiter(hall, job_id)
    await hall.timers.move(5)
    assert hall.looks <= 5 / LONGEST_S + 1
    hall.watch.away = False
    hall.move(job_id, JobStatus.DEAD)
    await hall.timers.move(2 * LONGEST_S)
    await waiting


async def following(hall: Hall, job_id: JobId, patience: float = 1) -> Seen | None:
    """Return the first news of a new follower."""
    with hall.room.follow(job_id) as seat:
        asked = asyncio.create_task(seat.next(seconds(patience)))
        await hall.timers.move(patience)
        return await asked


async def test_follower_begins_with_the_present(hall: Hall) -> None:
    """Whoever comes hears at once where the job stands, also while others follow it."""
    job_id = hall.put(a_job())
    with hall.room.follow(job_id) as earlier:
        asked = asyncio.create_task(earlier.next(seconds(1)))
        await hall.timers.move(1)
        assert isinstance(await asked, Sight)
        later = await following(hall, job_id)
        assert isinstance(later, Sight)
        asked = asyncio.create_task(earlier.next(seconds(1)))
        await hall.timers.move(1)
        assert await asked is None, "the earlier follower heard twice of the same"


async def test_follower_hears_the_newest_only(hall: Hall) -> None:
    """What came and went while it did not listen is passed over."""
    job_id = hall.put(a_job())
    with hall.room.follow(job_id) as seat:
        asked = asyncio.create_task(seat.next(seconds(1)))
        await hall.timers.move(1)
        await asked
        for status in (JobStatus.RUNNING, JobStatus.SUCCEEDED):
            hall.move(job_id, status)
            await hall.timers.move(1)
        news = await seat.next(seconds(1))
        assert isinstance(news, Sight)
        assert news.status is JobStatus.SUCCEEDED


async def test_follower_hears_that_the_job_is_gone(hall: Hall) -> None:
    """Deleted under its eyes."""
    job_id = hall.put(a_job())
    with hall.room.follow(job_id) as seat:
        for expected in (Sight, Missing):
            asked: asyncio.Task[Any] = asyncio.create_task(seat.next(seconds(1)))
            await hall.timers.move(1)
            assert isinstance(await asked, expected)
            hall.store.jobs.clear()


async def test_who_came_during_a_look_is_told_by_the_next(hall: Hall) -> None:
    """What a look saw may be older than what a newcomer has read."""
    job_id = hall.put(a_job())
    began, go = asyncio.Event(), asyncio.Event()
    look = hall.watch.inner.look

    async def gated(known: Mapping[JobId, str]) -> Mapping[JobId, Seen]:
        seen = await look(known)
        began.set()
        await go.wait()
        return seen

    hall.room.watch = _Looking(gated)
    first = waiter(hall, job_id)
    await began.wait()
    hall.move(job_id, JobStatus.SUCCEEDED)
    with hall.room.follow(job_id) as seat:
        go.set()
        await breathe()
        asked = asyncio.create_task(seat.next(seconds(1)))
        await hall.timers.move(1)
        news = await asked
    assert isinstance(news, Sight)
    assert news.status is JobStatus.SUCCEEDED
    await first


@attrs.frozen
class _Looking:
    look: Any


async def test_seats_are_bounded(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is sent away, and a seat that is left can be taken."""
    monkeypatch.setattr(module, "SEATS", 1)
    job_id = hall.put(a_job())
    with hall.room.follow(job_id), pytest.raises(Overloaded), hall.room.follow(job_id):
        pass
    with hall.room.follow(job_id):
        pass
