"""How many jobs a worker asks for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equeue.application.dispatch import BEGUN_EVERY, MOST, Appetite, Wish

LEASE = timedelta(seconds=30)


def fed(rate: float, slots: int = 20) -> Appetite:
    """Return the appetite of a worker that ends so many jobs a second."""
    appetite = Appetite(slots, LEASE)
    for second in range(20):
        appetite.measure(int(rate), float(second))
    appetite.asked(Wish(1, begun=True), 1, 19.0)
    return appetite


def test_an_idle_worker_asks_for_its_free_slots() -> None:
    """They begin at once, so they count as begun."""
    assert Appetite(20, LEASE).wish(0, 0, 0.0) == Wish(20, begun=True)


def test_a_full_worker_asks_for_nothing() -> None:
    """With slow jobs nothing waits in a worker's hand."""
    assert Appetite(20, LEASE).wish(20, 0, 0.0) is None


def test_one_free_slot_is_refilled_alone() -> None:
    """Slots refill singly: nobody waits for a batch to end."""
    assert Appetite(20, LEASE).wish(19, 0, 0.0) == Wish(1, begun=True)


def test_a_fast_worker_asks_ahead() -> None:
    """What it will start within a tenth of a second is prefetched, and does not count as begun."""
    wish = fed(5_000).wish(0, 0, 19.5)
    assert wish is not None
    assert not wish.begun
    assert 400 <= wish.limit <= 500


def test_a_slow_worker_does_not_ask_ahead() -> None:
    """Twenty jobs a second on twenty slots start within a tenth of a second: two, fewer than the free slots."""
    assert fed(20).wish(10, 0, 19.5) == Wish(10, begun=True)


def test_a_worker_with_enough_in_hand_waits() -> None:
    """The next prefetch is asked for once half of the last has started."""
    appetite = fed(5_000)
    assert appetite.wish(20, 400, 19.5) is None
    assert appetite.wish(20, 200, 19.5) is not None


def test_some_claims_count_as_begun_however_fast_the_worker_is() -> None:
    """A job with a lapse behind it is never prefetched, so it would wait for ever otherwise."""
    assert fed(5_000).wish(20, 100, 19.0 + BEGUN_EVERY) == Wish(1, begun=True)


def test_a_prefetch_that_came_back_short_is_followed_by_a_full_look() -> None:
    """What a prefetch leaves behind is found at once."""
    appetite = fed(5_000)
    appetite.asked(Wish(500, begun=False), 3, 19.2)
    wish = appetite.wish(0, 3, 19.3)
    assert wish is not None
    assert wish.begun


@pytest.mark.parametrize(("running", "got", "begun"), [(20, 3, False), (18, 3, False), (10, 3, True), (20, 0, True)])
def test_a_prefetch_cut_short_by_limits_is_followed_by_another(running: int, got: int, begun: bool) -> None:  # noqa: FBT001
    """Until one comes back with nothing at all, or with less than there are free slots."""
    appetite = fed(5_000)
    appetite.asked(Wish(500, begun=False), got, 19.2, limited=True)
    wish = appetite.wish(running, 0, 19.3)
    assert wish is not None
    assert wish.begun is begun


def test_prefetch_can_be_turned_off() -> None:
    """Then only free slots are filled."""
    appetite = Appetite(20, LEASE, prefetch=False)
    appetite.measure(0, 0.0)
    appetite.measure(100_000, 1.0)
    assert appetite.wish(0, 0, 1.1) == Wish(20, begun=True)


@given(
    slots=st.integers(1, 5_000),
    lease=st.floats(1, 3_600),
    rates=st.lists(st.integers(0, 100_000), max_size=5),
    running=st.integers(0, 5_000),
    waiting=st.integers(0, 2_000),
    short=st.booleans(),
)
def test_no_wish_is_out_of_bounds(
    *, slots: int, lease: float, rates: list[int], running: int, waiting: int, short: bool
) -> None:
    """Never more than the most, never less than one, and what is held never runs longer than a quarter of the lease."""
    appetite = Appetite(slots, timedelta(seconds=lease))
    for second, rate in enumerate(rates):
        appetite.measure(rate, float(second))
    appetite.asked(Wish(10, begun=not short), 3, len(rates) + 0.5)
    wish = appetite.wish(min(running, slots), waiting, len(rates) + 0.6)
    if wish is None:
        return
    assert 1 <= wish.limit <= MOST
    if not wish.begun:
        assert wish.limit + waiting <= max(rates, default=0) * lease / 4
