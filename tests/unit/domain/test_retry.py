"""When a failed job runs again: bounds that no number breaks."""

import math
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.builders import seconds
from tests.strategies import any_delays, backoffs, chances, exponential_backoffs

from equeue.domain.retry import (
    DEFAULT_BACKOFF,
    LONGEST,
    MAX_RETRIES,
    Backoff,
    Exponential,
    Fixed,
    backoff_problems,
    bounded,
    delay_before,
    preview,
)

retries = st.integers(0, 10**30)
MICROSECOND = timedelta(microseconds=1)


@given(backoffs, retries, chances)
def test_a_wait_lies_between_its_jitter_and_its_ceiling(backoff: Backoff, retry: int, jitter: float) -> None:
    """Never below the part that is not random, never above the ceiling, the cap or a year."""
    wait = delay_before(backoff, retry, jitter=jitter)
    ceiling = seconds(backoff.ceiling(retry))
    assert ceiling * (1 - backoff.jitter) - MICROSECOND <= wait <= ceiling <= LONGEST
    assert wait >= timedelta(0)
    assert not isinstance(backoff, Exponential) or ceiling <= seconds(backoff.cap)


@given(exponential_backoffs.filter(lambda each: each.base == 0 or each.base > 1e-9), st.integers(0, MAX_RETRIES))
@example(Exponential(base=0.0, factor=1_000.0), MAX_RETRIES)
@example(Exponential(base=2.0, factor=2.0), 1_000)
def test_an_exponential_wait_is_its_formula(backoff: Exponential, retry: int) -> None:
    """Base · factorⁿ, at most the cap, as exact arithmetic has it."""
    exact = min(Fraction(backoff.base) * Fraction(backoff.factor) ** retry, Fraction(backoff.cap))
    assert math.isclose(backoff.ceiling(retry), exact, rel_tol=1e-9)


@given(exponential_backoffs)
def test_exponential_waits_never_shrink(backoff: Exponential) -> None:
    """Each retry waits at least as long as the one before, but for chance."""
    ceilings = [backoff.ceiling(retry) for retry in (0, 1, 2, 3, 50, 500, 1_000, 10**9)]
    assert all(one <= other for one, other in pairwise(ceilings))


@pytest.mark.parametrize(
    "backoff",
    [
        Exponential(base=1e308, factor=1e308, cap=1e308),
        Exponential(base=math.inf, factor=2.0, cap=math.inf),
        Fixed(base=1e308),
    ],
)
def test_huge_numbers_neither_overflow_nor_crash(backoff: Backoff) -> None:
    """Whatever slipped past the bounds, the wait is a year at most."""
    assert delay_before(backoff, 10**100, jitter=0.0) == LONGEST


@given(st.integers(0, 100), chances)
def test_a_fixed_wait_is_the_same_each_time(retry: int, jitter: float) -> None:
    """The number of the retry does not matter."""
    assert delay_before(Fixed(7.0), retry, jitter=jitter) == seconds(7)


def test_the_default_grows_from_two_seconds_to_an_hour() -> None:
    """2 s · 2ⁿ with full jitter and a cap of an hour."""
    assert [DEFAULT_BACKOFF.ceiling(retry) for retry in (0, 1, 2, 10, 11, 500)] == [2, 4, 8, 2048, 3600, 3600]
    assert delay_before(DEFAULT_BACKOFF, 1, jitter=0.0) == seconds(4)
    assert delay_before(DEFAULT_BACKOFF, 1, jitter=0.75) == seconds(1)


@given(any_delays)
def test_a_wish_is_brought_into_bounds(wish: timedelta) -> None:
    """From now to a year ahead; what lies between stays."""
    assert timedelta(0) <= bounded(wish) <= LONGEST
    assert bounded(wish) == wish or not timedelta(0) <= wish <= LONGEST


@given(backoffs)
def test_backoffs_within_bounds_have_no_problems(backoff: Backoff) -> None:
    """What the strategy draws is what the rule admits."""
    assert not backoff_problems(backoff)


@pytest.mark.parametrize("backoff", [Fixed(), Exponential()])
@pytest.mark.parametrize(
    ("field", "limits"),
    {"base": (0.0, 31_536_000.0), "jitter": (0.0, 1.0), "factor": (1.0, 1_000.0), "cap": (0.0, 31_536_000.0)}.items(),
)
def test_each_number_has_its_bounds(backoff: Any, field: str, limits: tuple[float, float]) -> None:
    """At the limit it is admitted, one step beyond it is named, and what is no number is too."""
    if not hasattr(backoff, field):
        return
    low, high = limits
    for value in (low, high):
        assert not backoff_problems(attrs.evolve(backoff, **{field: value}))
    beyond = (math.nextafter(low, -math.inf), math.nextafter(high, math.inf), math.nan, math.inf, -math.inf)
    for value in beyond:
        problems = backoff_problems(attrs.evolve(backoff, **{field: value}))
        assert [name for name, _ in problems] == [field]


@given(backoffs, st.integers(0, 60), st.integers(0, 60), st.lists(chances, min_size=60, max_size=60))
def test_a_preview_bounds_every_course_of_retries(backoff: Backoff, count: int, used: int, drawn: list[float]) -> None:
    """Whatever chance does, each wait lies within its bounds, and their sum never beyond the previewed total."""
    told = preview(backoff, count, used=used)
    assert [each.retry for each in told] == list(range(used + 1, count + 1))
    total = timedelta(0)
    for each, chance in zip(told, drawn, strict=False):
        wait = delay_before(backoff, each.retry - 1, jitter=chance)
        total += wait
        assert each.shortest - MICROSECOND <= wait <= each.longest <= LONGEST
        assert total <= each.total <= LONGEST * len(told)
    assert not told or told[-1].total == sum((each.longest for each in told), timedelta(0))


@given(
    st.builds(
        Exponential,
        base=st.integers(-(10**400), 10**400) | st.floats(allow_nan=False),
        factor=st.integers(-(10**20), 10**20) | st.floats(allow_nan=False),
        cap=st.integers(-(10**20), 10**20) | st.floats(allow_nan=False),
        jitter=st.floats(allow_nan=False) | st.integers(),
    ),
    retries,
    chances,
)
@example(Exponential(base=0, factor=float("inf"), cap=0.0, jitter=0.0), 1, 0.0)
def test_no_number_that_slipped_in_breaks_a_wait(backoff: Exponential, retry: int, jitter: float) -> None:
    """Plain SQL may store what no door lets in: every wait is between nothing and a year all the same."""
    assert timedelta(0) <= delay_before(backoff, retry, jitter=jitter) <= LONGEST
