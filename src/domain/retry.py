"""When a failed job runs again: backoff as values, and the arithmetic that cannot overflow."""

import math
from datetime import timedelta
from typing import ClassVar, TypeAlias

import attrs

LONGEST = timedelta(days=365)
"""No backoff and no handler's wish postpones a job by more than this."""

MAX_RETRIES = 1_000


@attrs.frozen
class Fixed:
    """Wait `base` seconds before each retry, of which the share `jitter` (0 to 1) is random."""

    kind: ClassVar[str] = "fixed"
    base: float = 2.0
    jitter: float = 0.0

    def ceiling(self, retry: int) -> float:  # noqa: ARG002 - one call for both kinds
        """Return the longest wait, in seconds, before retry number `retry` (from 0)."""
        return _within(self.base)


@attrs.frozen
class Exponential:
    """Wait `base` · `factor`ⁿ seconds before retry n, at most `cap`; the share `jitter` (0 to 1) is random.

    Full jitter, the default, spreads retries of jobs that failed together over the whole wait
    (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    kind: ClassVar[str] = "exponential"
    base: float = 2.0
    factor: float = 2.0
    cap: float = 3_600.0
    jitter: float = 1.0

    def ceiling(self, retry: int) -> float:
        """Return the longest wait, in seconds, before retry number `retry` (from 0)."""
        try:
            grown = float(self.base) * float(self.factor) ** min(max(retry, 0), MAX_RETRIES)
        except OverflowError:
            grown = self.cap if self.base > 0 else 0.0
        return _within(min(grown, self.cap))


Backoff: TypeAlias = Fixed | Exponential

DEFAULT_BACKOFF = Exponential()


def delay_before(backoff: Backoff, retry: int, *, jitter: float) -> timedelta:
    """Return the wait before retry number `retry` (from 0); `jitter` is a chance in [0, 1) drawn by the caller."""
    return timedelta(seconds=backoff.ceiling(retry) * (1.0 - _share(backoff) * jitter))


@attrs.frozen
class Preview:
    """Before retry `retry` (from 1) a job waits `shortest` to `longest`; all waits so far make `total` at most."""

    retry: int
    shortest: timedelta
    longest: timedelta
    total: timedelta


def preview(backoff: Backoff, retries: int, *, used: int = 0) -> tuple[Preview, ...]:
    """Return the bounds of each wait that is left to a job with `retries` of which `used` are used."""
    found: list[Preview] = []
    total = timedelta(0)
    for retry in range(used, min(retries, MAX_RETRIES)):
        longest = delay_before(backoff, retry, jitter=0.0)
        total += longest
        found.append(Preview(retry + 1, delay_before(backoff, retry, jitter=1.0), longest, total))
    return tuple(found)


def bounded(wish: timedelta) -> timedelta:
    """Return the handler's wished delay, brought into [0, LONGEST]."""
    return min(max(wish, timedelta(0)), LONGEST)


def _within(seconds: float) -> float:
    """Return a wait that can be added to any instant; numbers that no door let in may come by plain SQL."""
    if math.isnan(seconds):  # nothing, however often it is multiplied
        return 0.0
    return float(min(max(seconds, 0.0), LONGEST.total_seconds()))


def _share(backoff: Backoff) -> float:
    return min(max(backoff.jitter, 0.0), 1.0)


def backoff_problems(backoff: Backoff) -> list[tuple[str, str]]:
    """Return (field, what is wrong) for each number of `backoff` that is out of bounds."""
    longest = LONGEST.total_seconds()
    limits = {"base": (0.0, longest), "jitter": (0.0, 1.0), "factor": (1.0, 1_000.0), "cap": (0.0, longest)}
    return [
        (name, f"must be between {low:g} and {high:g}")
        for name, (low, high) in limits.items()
        if (value := getattr(backoff, name, None)) is not None and not low <= value <= high
    ]
