"""Views hear which topics changed; one look a second serves all of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import attrs
import pytest
from tests.builders import seconds
from tests.unit.worker.world import HandMovedTimers

from equeue.adapters.memory.platform import MovableClock
from equeue.application import topics as module
from equeue.application.ports.watching import Topic
from equeue.application.topics import EVERY_S, Listener, Topics
from equeue.domain.errors import Overloaded, Unavailable


@attrs.define
class Marks:
    """What a database would say of its topics."""

    now: dict[Topic, str] = attrs.field(factory=lambda: dict.fromkeys(Topic, "1"))
    looks: int = 0
    away: bool = False

    async def marks(self) -> Mapping[Topic, str]:
        self.looks += 1
        if self.away:
            raise Unavailable("gone")
        return dict(self.now)


class Stand:
    """Topics over marks that the test sets."""

    def __init__(self) -> None:
        self.marks = Marks()
        clock = MovableClock()
        self.timers = HandMovedTimers(clock)
        self.topics = Topics(self.marks, clock, self.timers)

    async def heard(self, listener: Listener, within: float = EVERY_S) -> frozenset[Topic]:
        """Return what a listener hears in so many seconds."""
        asked = asyncio.create_task(listener.next(seconds(within)))
        await self.timers.move(within)
        return await asked


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """Give topics to which nobody listens."""
    opened = Stand()
    yield opened
    await opened.topics.close()


async def test_listener_hears_what_changed(stand: Stand) -> None:
    """And only that; what stays silent is silence."""
    with stand.topics.listen() as listener:
        assert await stand.heard(listener) == frozenset()
        stand.marks.now[Topic.JOBS] = "2"
        stand.marks.now[Topic.TASKS] = "2"
        assert await stand.heard(listener) == {Topic.JOBS, Topic.TASKS}
        assert await stand.heard(listener) == frozenset()


async def test_changes_are_gathered_for_who_is_busy(stand: Stand) -> None:
    """Nothing is lost between two calls, nothing is told twice."""
    with stand.topics.listen() as listener:
        await stand.heard(listener)
        for topic in (Topic.JOBS, Topic.QUEUES, Topic.JOBS):
            stand.marks.now[topic] += "x"
            await stand.timers.move(EVERY_S)
        assert await stand.heard(listener, 0) == {Topic.JOBS, Topic.QUEUES}


async def test_many_listeners_cost_one_look(stand: Stand) -> None:
    """A second apart, and none once the last is gone."""
    with stand.topics.listen(), stand.topics.listen(), stand.topics.listen():
        await stand.timers.move(10.5)
        assert stand.marks.looks == 11
    await stand.timers.move(10)
    assert stand.marks.looks == 11


async def test_what_changed_unheard_is_no_news(stand: Stand) -> None:
    """Whoever comes reads everything anyway."""
    with stand.topics.listen() as listener:
        await stand.heard(listener)
    await stand.timers.move(5)
    stand.marks.now[Topic.JOBS] = "2"
    with stand.topics.listen() as listener:
        assert await stand.heard(listener, 3) == frozenset()


async def test_what_changed_during_an_outage_is_told_after_it(stand: Stand) -> None:
    """Nobody is told that the database was away, only what is new."""
    with stand.topics.listen() as listener:
        await stand.heard(listener)
        stand.marks.away = True
        stand.marks.now[Topic.JOBS] = "2"
        assert await stand.heard(listener, 3) == frozenset()
        stand.marks.away = False
        assert await stand.heard(listener, 2) == {Topic.JOBS}


async def test_listeners_are_bounded(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is sent away."""
    monkeypatch.setattr(module, "LISTENERS", 1)
    with stand.topics.listen(), pytest.raises(Overloaded), stand.topics.listen():
        pass
