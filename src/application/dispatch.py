"""Dispatch: how many jobs a worker asks for, so that no slot waits and no job waits in a busy worker's hand."""

from datetime import timedelta

import attrs

HORIZON = 0.1
"""Prefetch what will start within so many seconds at the present rate."""

MOST = 1_000
"""No claim asks for more than this."""

SMOOTHING = 0.5
BEGUN_EVERY = 1.0


@attrs.frozen
class Wish:
    """The size of a claim. `begun` claims go straight into free slots; the others are prefetched."""

    limit: int
    begun: bool


class Appetite:
    """Turns free slots and the measured rate into the size of the next claim.

    A job whose lease ran out before is never prefetched, so at least once a second a claim is of the begun kind,
    however busy the worker is.
    """

    def __init__(self, slots: int, lease: timedelta, *, prefetch: bool = True) -> None:
        self._slots = slots
        self._horizon = min(HORIZON, lease.total_seconds() / 4)
        self._prefetch = prefetch
        self._rate = 0.0
        self._measured_at: float | None = None
        self._begun_at = -BEGUN_EVERY
        self._short = False
        self._cut_to = MOST

    def measure(self, ended: int, now: float) -> None:
        """Note that `ended` jobs ended since the last call."""
        if self._measured_at is not None and now > self._measured_at:
            rate = ended / (now - self._measured_at)
            self._rate += SMOOTHING * (rate - self._rate)
        self._measured_at = now

    def wish(self, running: int, waiting: int, now: float) -> Wish | None:
        """Return what to ask for now, `None` for nothing."""
        free = self._slots - running - waiting
        ahead = min(MOST, int(self._rate * self._horizon)) if self._prefetch else 0
        hungry = ahead > max(free, 2 * waiting)
        if now - self._begun_at >= BEGUN_EVERY or not hungry or self._short or free > self._cut_to:
            limit = min(max(free, 1 if hungry else 0), MOST)
            return Wish(limit, begun=True) if limit else None
        return Wish(ahead - waiting, begun=False)

    def asked(self, wish: Wish, got: int, now: float, *, limited: bool = False) -> None:
        """Note what a claim brought: a prefetch that came back short leaves nothing to prefetch.

        One that was `limited` may have come back short for the limits' sake, so it leaves nothing only if it is empty;
        but where more slots are free than it brought, these are filled first.
        """
        self._short = got < (1 if limited else wish.limit) and not wish.begun
        self._cut_to = got if limited and not wish.begun and got < wish.limit else MOST
        if wish.begun:
            self._begun_at = now
