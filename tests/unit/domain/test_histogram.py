"""Histograms: fixed buckets, merged by adding, read to a fifth."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from equeue.domain.histogram import BUCKETS_PER_DOUBLING, EDGES, EMPTY, Histogram, bucket_of

DURATIONS = st.lists(st.timedeltas(timedelta(milliseconds=1), timedelta(days=24)), min_size=1, max_size=50)
WIDTH = 2 ** (1 / BUCKETS_PER_DOUBLING)


def test_buckets_are_a_quarter_of_a_doubling() -> None:
    """From a millisecond on, each edge twice the fourth before it; an edge belongs to the bucket that it begins."""
    assert (EDGES[0], EDGES[4], EDGES[8]) == tuple(timedelta(milliseconds=ms) for ms in (1, 2, 4))
    assert EDGES[-1] > timedelta(days=24)
    assert [bucket_of(edge) for edge in EDGES] == list(range(1, len(EDGES) + 1))
    assert (bucket_of(-timedelta(hours=1)), bucket_of(EDGES[0] - timedelta.resolution)) == (0, 0)
    assert bucket_of(timedelta(days=9_999)) == len(EDGES)
    assert len(EDGES) < 256


@given(DURATIONS, DURATIONS)
def test_the_histogram_of_all_is_the_sum_of_those_of_parts(some: list[timedelta], others: list[timedelta]) -> None:
    """However the parts are cut, and nothing changes nothing."""
    assert Histogram.of(some) + Histogram.of(others) == Histogram.of(some + others)
    assert Histogram.of(some) + EMPTY == Histogram.of(some)
    assert Histogram.of(some).total == len(some)


@given(DURATIONS, st.floats(0.01, 1.0))
def test_quantiles_are_right_to_a_fifth(durations: list[timedelta], share: float) -> None:
    """Beside the duration that so many of all do not exceed."""
    truth = sorted(durations)[max(0, -int(-share * len(durations) // 1) - 1)]
    told = Histogram.of(durations).quantile(share)
    assert told is not None
    assert truth / WIDTH / 1.001 <= told <= truth * WIDTH * 1.001


def test_quantiles_of_nothing_and_beyond_the_last_edge() -> None:
    """Nothing has none; what took longer than any bucket knows took at least as long as the last edge."""
    assert EMPTY.quantile(0.5) is None
    assert Histogram.of([timedelta(days=400)]).quantile(0.99) == EDGES[-1]
    assert Histogram.of([timedelta(0)] * 2).quantile(0.5) == EDGES[0] / 2
