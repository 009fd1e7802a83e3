"""How long things took, as counts in fixed buckets: two of these are merged by adding, whoever counted them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

import attrs

BUCKETS_PER_DOUBLING = 4
DOUBLINGS = 31
EDGES = tuple(
    timedelta(microseconds=round(1_000 * 2 ** (step / BUCKETS_PER_DOUBLING)))
    for step in range(DOUBLINGS * BUCKETS_PER_DOUBLING + 1)
)
"""Bucket 0 ends at the first edge, a millisecond; the last begins at the last, 25 days. Each is a fifth longer than
the one before, so a quantile is never further than that from the truth."""


def bucket_of(duration: timedelta) -> int:
    """Return the bucket of a duration; what is negative, for clocks differ, counts as none at all."""
    return bisect_right(EDGES, duration)


@attrs.frozen
class Histogram:
    """How many durations fell into each bucket; buckets without any are left out."""

    counts: Mapping[int, int] = attrs.field(factory=dict)

    @classmethod
    def of(cls, durations: Iterable[timedelta]) -> "Histogram":
        """Count durations."""
        return cls(Counter(bucket_of(duration) for duration in durations))

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the histogram of all that both counted."""
        return Histogram(Counter(self.counts) + Counter(other.counts))

    @property
    def total(self) -> int:
        """How many durations were counted."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> timedelta | None:
        """Return the duration that `share` of all do not exceed, read between the edges; `None` if there are none."""
        wanted = share * self.total
        passed = 0
        for bucket, count in sorted(self.counts.items()):
            if passed + count >= wanted:
                return _between(bucket, (wanted - passed) / count)
            passed += count
        return None


EMPTY = Histogram()


def _between(bucket: int, part: float) -> timedelta:
    """Return the place in a bucket which a part of its counts do not exceed, if they are spread evenly."""
    low = EDGES[bucket - 1] if bucket else timedelta(0)
    high = EDGES[min(bucket, len(EDGES) - 1)]
    return low + (high - low) * part
