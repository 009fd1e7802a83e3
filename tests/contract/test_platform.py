"""Time, chance and names, from the machine and from a test's hand."""

import pytest
from tests.builders import seconds

from equeue.adapters.memory.platform import CountedIds, FixedJitter, MovableClock
from equeue.adapters.system import SystemClock, SystemJitter, UuidV7Ids
from equeue.application.ports.platform import Clock, Ids, Jitter


@pytest.mark.parametrize("clock", [MovableClock(), SystemClock()], ids=["memory", "system"])
def test_a_clock_tells_utc_and_never_runs_backwards(clock: Clock) -> None:
    """Wall time is aware and in UTC; monotonic time does not fall."""
    assert clock.now().utcoffset() == seconds(0)
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


@pytest.mark.parametrize("ids", [CountedIds(), UuidV7Ids()], ids=["memory", "system"])
def test_identities_are_fresh_and_sort_by_age(ids: Ids) -> None:
    """UUIDs of version 7, each behind the one before."""
    made = [ids.new() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert {(each.version, each.variant) for each in made} == {(7, "specified in RFC 4122")}
    assert made == sorted(made)


@pytest.mark.parametrize("jitter", [FixedJitter(0.25), SystemJitter()], ids=["memory", "system"])
def test_chance_lies_in_the_unit_interval(jitter: Jitter) -> None:
    """Zero may come, one never does."""
    assert all(0.0 <= jitter.draw() < 1.0 for _ in range(1_000))


def test_a_movable_clock_moves_as_it_is_told() -> None:
    """Both its times move together, and only then."""
    clock = MovableClock()
    before = clock.now()
    assert clock.now() == before
    clock.move(seconds(1.5))
    assert (clock.now() - before, clock.monotonic()) == (seconds(1.5), 1.5)
