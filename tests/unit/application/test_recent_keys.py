"""A key that was good a moment ago is good, and not for longer than that."""

import asyncio
from datetime import timedelta

import attrs
import pytest
from tests.builders import OWNER, seconds

from equeue.adapters.memory.platform import MovableClock
from equeue.application import recent_keys
from equeue.application.recent_keys import FRESH_S, RecentKeys
from equeue.domain.access import Principal, Role

PERSON = Principal(OWNER, Role.MEMBER, frozenset())


@attrs.define
class Door:
    """Judges keys, and counts how often it was asked."""

    good: dict[str, Principal] = attrs.field(factory=dict)
    asked: int = 0
    asking: asyncio.Event = attrs.field(factory=asyncio.Event)
    turns: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def __call__(self, key: str) -> Principal | None:
        self.asked += 1
        found = self.good.get(key)
        self.asking.set()
        await self.turns.wait()
        return found


@pytest.fixture
def door() -> Door:
    """Return a door that opens to one key."""
    door = Door({"good": PERSON})
    door.turns.set()
    return door


@pytest.fixture
def clock() -> MovableClock:
    """Return a clock."""
    return MovableClock()


async def test_good_key_is_judged_once_in_a_while(door: Door, clock: MovableClock) -> None:
    """However often it comes."""
    recent = RecentKeys(door, clock)
    for _ in range(3):
        assert await recent("good") == PERSON
    assert door.asked == 1
    clock.move(seconds(FRESH_S))
    assert await recent("good") == PERSON
    assert door.asked == 2


async def test_callers_of_one_moment_share_a_look(door: Door, clock: MovableClock) -> None:
    """Or each time a key grows stale, all who use it would ask at once; one who leaves takes it from nobody."""
    recent = RecentKeys(door, clock)
    callers = [asyncio.create_task(recent("good")) for _ in range(50)]
    await asyncio.sleep(0)
    callers[0].cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert answers[1:] == [PERSON] * 49
    assert door.asked == 1


async def test_revoked_key_opens_for_half_a_second_at_most(door: Door, clock: MovableClock) -> None:
    """Counted from before it was judged."""
    recent = RecentKeys(door, clock)
    await recent("good")
    door.good.clear()
    clock.move(seconds(FRESH_S) - timedelta(microseconds=1))
    assert await recent("good") == PERSON
    clock.move(timedelta(microseconds=1))
    assert await recent("good") is None
    assert await recent("good") is None


async def test_what_ends_is_forgotten_at_once(door: Door, clock: MovableClock) -> None:
    """Whoever ends a credential says so, and nothing is remembered any more."""
    recent = RecentKeys(door, clock)
    await recent("good")
    door.good.clear()
    recent.forget()
    assert await recent("good") is None


async def test_look_that_was_under_way_is_not_remembered(door: Door, clock: MovableClock) -> None:
    """It may have seen what was before the credential ended; those who come later look for themselves."""
    recent = RecentKeys(door, clock)
    door.turns.clear()
    early = asyncio.create_task(recent("good"))
    await door.asking.wait()
    door.good.clear()
    recent.forget()
    late = asyncio.create_task(recent("good"))
    await asyncio.sleep(0)
    door.turns.set()
    assert await early == PERSON
    assert await late is None
    assert await recent("good") is None


async def test_bad_key_is_judged_each_time(door: Door, clock: MovableClock) -> None:
    """A key that is made good opens at once."""
    recent = RecentKeys(door, clock)
    assert await recent("new") is None
    door.good["new"] = PERSON
    assert await recent("new") == PERSON


async def test_key_does_not_outlive_its_expiry(door: Door, clock: MovableClock) -> None:
    """To the moment, however fresh it is."""
    door.good["good"] = attrs.evolve(PERSON, expires_at=clock.now() + seconds(FRESH_S / 2))
    recent = RecentKeys(door, clock)
    await recent("good")
    clock.move(seconds(FRESH_S / 2))
    await recent("good")
    assert door.asked == 2


async def test_memory_is_bounded(door: Door, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many keys push one another out."""
    monkeypatch.setattr(recent_keys, "KEPT", 2)
    door.good |= {"other": PERSON, "third": PERSON}
    recent = RecentKeys(door, clock)
    for key in ("good", "other", "third", "good"):
        await recent(key)
    assert door.asked == 4
