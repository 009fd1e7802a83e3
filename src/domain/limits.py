"""Limits of a queue: how many of its jobs may run at once, how many may start in a while, and what a claim may take."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from .errors import Violation

MOST_RUNNING = 1_000_000
MOST_DEPTH = 100_000_000
SHORTEST_PERIOD = timedelta(seconds=0.1)
LONGEST_PERIOD = timedelta(days=1)

ROUNDING = 1e-9
SOONEST = timedelta(milliseconds=10)
"""No claim is asked for again sooner than this for a rate's sake."""

AHEAD = 2
"""A worker that is busy takes jobs ahead only as one in so many of those that may still start: others find the rest."""

NEAR = 10
"""With so few that may still start nothing is taken ahead, and of more these are left."""

SATURATED = timedelta(seconds=1)
"""So long after limits kept jobs back it is worth another look: a job may have ended elsewhere."""


@attrs.frozen
class Rate:
    """How many jobs may start: `limit` in each `period`, and at most `burst` at once (`None`: as many as `limit`)."""

    limit: int
    period: timedelta
    burst: int | None = None

    @property
    def most(self) -> int:
        """How many may start at once after a rest."""
        return self.limit if self.burst is None else self.burst


@attrs.frozen
class QueueLimits:
    """What bounds a queue; `None` does not.

    `max_running` bounds how many of its jobs hold a lease at once, `max_running_per_key` how many of one
    `concurrency_key`; jobs without a key are bounded by the first alone. `max_depth` bounds how many wait. Of the
    places of each claim, `oldest_share` go to the jobs that have been due longest, whatever their priority.
    """

    max_running: int | None = None
    max_running_per_key: int | None = None
    rate: Rate | None = None
    max_depth: int | None = None
    oldest_share: float | None = None

    @property
    def counted(self) -> bool:
        """Tell whether claims have to be counted, one after the other."""
        return not (self.max_running is None and self.max_running_per_key is None and self.rate is None)

    @property
    def steered(self) -> bool:
        """Tell whether claims have to look at these limits at all."""
        return self.counted or self.oldest_share is not None


UNLIMITED = QueueLimits()


def limit_problems(limits: QueueLimits) -> Iterator[Violation]:
    """Yield every rule that `limits` break."""
    for name, bound, most in (
        ("max_running", limits.max_running, MOST_RUNNING),
        ("max_running_per_key", limits.max_running_per_key, MOST_RUNNING),
        ("max_depth", limits.max_depth, MOST_DEPTH),
    ):
        if bound is not None and not 1 <= bound <= most:
            yield Violation(f"/{name}", f"must be between 1 and {most}; to stop a queue, pause it", "range")
    if limits.oldest_share is not None and not 0 < limits.oldest_share <= 1:
        yield Violation("/oldest_share", "must be over 0 and at most 1", "range")
    if limits.rate is not None:
        yield from (problem.under("/rate") for problem in _rate_problems(limits.rate))


def _rate_problems(rate: Rate) -> Iterator[Violation]:
    if not 1 <= rate.limit <= MOST_RUNNING:
        yield Violation("/limit", f"must be between 1 and {MOST_RUNNING}", "range")
    if not SHORTEST_PERIOD <= rate.period <= LONGEST_PERIOD:
        yield Violation("/period_s", "must be between 0.1 and 86400", "range")
    if rate.burst is not None and not 1 <= rate.burst <= MOST_RUNNING:
        yield Violation("/burst", f"must be between 1 and {MOST_RUNNING}", "range")


@attrs.frozen
class Bucket:
    """How many jobs of a queue might have started at an instant: whole tokens are starts, and they come by time."""

    tokens: float
    at: datetime

    def taken(self, jobs: int) -> "Bucket":
        """Return what is left once so many have started."""
        return Bucket(self.tokens - jobs, self.at)


def filled(bucket: Bucket | None, rate: Rate, now: datetime) -> Bucket:
    """Return the bucket as it is `now`; one that nobody used yet is full. Time never runs backwards here."""
    if bucket is None:
        return Bucket(float(rate.most), now)
    passed = max(now - bucket.at, timedelta(0))
    return Bucket(min(bucket.tokens + rate.limit * (passed / rate.period), float(rate.most)), max(now, bucket.at))


def next_token_in(bucket: Bucket, rate: Rate) -> timedelta:
    """Return how long it takes until one more job may start; nothing if one may now."""
    missing = max(1.0 - bucket.tokens, 0.0)
    return rate.period * (missing / rate.limit)


@attrs.define
class Allowance:
    """What a claim may take of one queue with limits, counted down as it takes.

    `running` counts by key the jobs that hold a lease, `bucket` is as it is now. `kept_back` tells whether a job was
    left for a limit's sake.
    """

    limits: QueueLimits
    running: dict[str | None, int] = attrs.field(factory=dict)
    bucket: Bucket | None = None
    kept_back: bool = attrs.field(default=False, init=False)
    taken: int = attrs.field(default=0, init=False)
    _room: int | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        most, rooms = self.limits.max_running, list[int]()
        if most is not None:
            rooms.append(max(most - sum(self.running.values()), 0))
        if self.bucket is not None:
            rooms.append(max(int(self.bucket.tokens + ROUNDING), 0))
        self._room = min(rooms, default=None)

    @property
    def room(self) -> int | None:
        """How many more jobs may start, whatever their keys; `None` is any number."""
        return None if self._room is None else self._room - self.taken

    @property
    def sure(self) -> int | None:
        """How many more jobs may start, whichever they are; `None` is any number."""
        most = self.limits.max_running_per_key
        busiest = max((jobs for key, jobs in self.running.items() if key is not None), default=0)
        of_one_key = None if most is None else max(most - busiest, 0)
        return min((room for room in (self.room, of_one_key) if room is not None), default=None)

    @property
    def ahead(self) -> int:
        """How many jobs a worker may take ahead of its slots: none near a limit, or where the oldest have a share."""
        sure = 0 if self.sure is None or self.limits.oldest_share is not None else self.sure
        return max(sure - NEAR, 0) // AHEAD

    @property
    def saturated(self) -> frozenset[str]:
        """The keys of which no more job may start."""
        most = self.limits.max_running_per_key
        full = (key for key, jobs in self.running.items() if key is not None and most is not None and jobs >= most)
        return frozenset(full)

    def admits(self, key: str | None) -> bool:
        """Tell whether one more job with this key may start; if not, remember that one was kept back."""
        most = None if key is None else self.limits.max_running_per_key
        admitted = self.room != 0 and (most is None or self.running.get(key, 0) < most)
        self.kept_back = self.kept_back or not admitted
        return admitted

    def take(self, key: str | None) -> None:
        """Count one job that starts."""
        self.taken += 1
        self.running[key] = self.running.get(key, 0) + 1

    def give_back(self, key: str | None) -> None:
        """Take back one count: the job did not start after all."""
        self.taken -= 1
        self.running[key] -= 1

    @property
    def left(self) -> Bucket | None:
        """The bucket once what was taken has started."""
        return None if self.bucket is None else self.bucket.taken(self.taken)

    @property
    def again_in(self) -> timedelta | None:
        """When it is worth another look because of these limits; `None` if they keep nothing back."""
        rate, left = self.limits.rate, self.left
        if rate is not None and left is not None and left.tokens + ROUNDING < 1.0:
            return max(next_token_in(left, rate), SOONEST)
        return SATURATED if self.room == 0 or self.kept_back or self.saturated else None


@attrs.define
class OldestFirst:
    """Which places of claims go to the jobs that have been due longest: a share of all places, over many claims.

    A claim of one place gives it to the oldest every so often; what a claim could not use is not saved up.
    """

    _credits: dict[str, float] = attrs.field(factory=dict, init=False)

    def places(self, queue: str, share: float, limit: int) -> int:
        """Return how many of `limit` places of a claim from `queue` are for the oldest."""
        credit = self._credits.get(queue, 0.0) + share * limit
        places = min(int(credit + 1e-9), limit)
        self._credits[queue] = min(credit - places, 1.0)
        return places
