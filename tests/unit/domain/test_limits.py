"""The arithmetic of limits: buckets fill by time and never over their brim, counts never pass their bounds."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON, minutes, seconds

from equeue.domain.errors import InvalidQueue
from equeue.domain.limits import (
    SATURATED,
    SOONEST,
    Allowance,
    Bucket,
    OldestFirst,
    QueueLimits,
    Rate,
    filled,
    next_token_in,
)
from equeue.domain.queue import Pause, QueueSettings, check_pause, check_queue

TEN = Rate(10, seconds(60), 3)
RATES = st.builds(
    Rate,
    st.integers(1, 1_000),
    st.integers(100, 86_400_000).map(lambda number: timedelta(milliseconds=number)),
    st.none() | st.integers(1, 1_000),
)


def test_a_bucket_nobody_used_is_full() -> None:
    """So many may start at once after a rest: the burst, or as many as the limit."""
    assert filled(None, TEN, NOON) == Bucket(3.0, NOON)
    assert filled(None, Rate(10, seconds(60)), NOON).tokens == 10.0


def test_tokens_come_by_time_up_to_the_brim() -> None:
    """One each six seconds; a clock that lags behind takes none away and gives none twice."""
    used = Bucket(0.0, NOON)
    assert filled(used, TEN, NOON + seconds(6)) == Bucket(1.0, NOON + seconds(6))
    assert filled(used, TEN, NOON + minutes(9)).tokens == 3.0
    assert filled(used, TEN, NOON - seconds(9)) == used
    assert next_token_in(Bucket(0.25, NOON), TEN) == seconds(4.5)
    assert next_token_in(Bucket(1.0, NOON), TEN) == timedelta(0)


@given(RATES, st.lists(st.tuples(st.integers(0, 120_000), st.integers(0, 50)), max_size=30))
def test_no_while_sees_more_starts_than_its_rate(rate: Rate, steps: list[tuple[int, int]]) -> None:
    """From a full bucket on, in any time no more start than the burst and what the rate gives in that time."""
    bucket, now, started = filled(None, rate, NOON), NOON, 0
    for milliseconds, wanted in steps:
        now += timedelta(milliseconds=milliseconds)
        allowance = Allowance(QueueLimits(rate=rate), {}, filled(bucket, rate, now))
        for _ in range(wanted):
            if allowance.admits(None):
                allowance.take(None)
        left = allowance.left
        assert left is not None
        bucket, started = left, started + allowance.taken
        assert bucket.tokens > -1e-6
        assert started <= rate.most + rate.limit * ((now - NOON) / rate.period) + 1e-6


KEYS = st.none() | st.sampled_from("abc")


@given(
    st.none() | st.integers(1, 6),
    st.none() | st.integers(1, 3),
    st.lists(KEYS, max_size=6),
    st.lists(KEYS, max_size=20),
)
def test_counts_never_pass_their_bounds(
    most: int | None, per_key: int | None, before: list[str | None], wanted: list[str | None]
) -> None:
    """What ran before is never stopped; what is taken keeps both bounds, and nothing is refused that fits."""
    running = {key: before.count(key) for key in set(before)}
    allowance = Allowance(QueueLimits(most, per_key), dict(running))
    taken: list[str | None] = []
    for key in wanted:
        whole = len(before) + len(taken)
        of_key = before.count(key) + taken.count(key)
        fits = (most is None or whole < most) and (key is None or per_key is None or of_key < per_key)
        assert allowance.admits(key) == fits
        if fits:
            allowance.take(key)
            taken.append(key)
    assert allowance.kept_back == (len(taken) < len(wanted))


def test_a_place_given_back_is_there_again() -> None:
    """For the queue and for the key."""
    allowance = Allowance(QueueLimits(1, 1))
    allowance.take("a")
    assert not allowance.admits("a")
    allowance.give_back("a")
    assert allowance.admits("a")
    assert allowance.saturated == frozenset()


def test_a_claim_learns_when_to_come_again() -> None:
    """Where a rate ran out when the next may start, else soon; never where nothing was kept back."""
    assert Allowance(QueueLimits(2), {None: 1}).again_in is None
    assert Allowance(QueueLimits(2), {None: 2}).again_in == SATURATED
    assert Allowance(QueueLimits(None, 1), {"a": 1}).again_in == SATURATED
    assert Allowance(QueueLimits(rate=TEN), {}, Bucket(0.5, NOON)).again_in == seconds(3)
    assert Allowance(QueueLimits(rate=Rate(1_000, seconds(0.1))), {}, Bucket(0.5, NOON)).again_in == SOONEST


@given(st.floats(0.01, 1.0), st.lists(st.integers(1, 30), min_size=1, max_size=50))
def test_the_oldest_get_their_share_over_time(share: float, limits: list[int]) -> None:
    """Never more than their share of all places, and less by one place at most."""
    oldest, places = OldestFirst(), 0
    for number, limit in enumerate(limits, start=1):
        places += oldest.places("q", share, limit)
        due = share * sum(limits[:number])
        assert due - 1.000001 <= places <= due + 0.000001


@pytest.mark.parametrize(
    ("limits", "pointer"),
    [
        (QueueLimits(0), "/max_running"),
        (QueueLimits(max_running_per_key=0), "/max_running_per_key"),
        (QueueLimits(max_depth=0), "/max_depth"),
        (QueueLimits(rate=Rate(0, seconds(1))), "/rate/limit"),
        (QueueLimits(rate=Rate(1, seconds(0.01))), "/rate/period_s"),
        (QueueLimits(rate=Rate(1, seconds(1), 0)), "/rate/burst"),
        (QueueLimits(oldest_share=0.0), "/oldest_share"),
        (QueueLimits(oldest_share=1.1), "/oldest_share"),
        (QueueLimits(oldest_share=float("nan")), "/oldest_share"),
    ],
)
def test_limits_out_of_bounds_are_named(limits: QueueLimits, pointer: str) -> None:
    """Each by the place in which it was sent."""
    with pytest.raises(InvalidQueue) as refused:
        check_queue("mail", QueueSettings(limits=limits))
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


@pytest.mark.parametrize(
    ("pause", "pointer"),
    [
        (Pause(NOON, reason="x" * 1_001), "/reason"),
        (Pause(NOON, until=NOON), "/until"),
        (Pause(NOON, until=NOON + minutes(60 * 24 * 3_660)), "/until"),
        (Pause(NOON, until=NOON.replace(tzinfo=None)), "/until"),
    ],
)
def test_pauses_out_of_bounds_are_named(pause: Pause, pointer: str) -> None:
    """An end lies ahead, and a reason can be read."""
    check_pause("mail", Pause(NOON, reason="x" * 1_000, until=NOON + seconds(1)))
    with pytest.raises(InvalidQueue) as refused:
        check_pause("mail", pause)
    assert [violation.pointer for violation in refused.value.violations] == [pointer]
