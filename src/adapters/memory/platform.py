"""Time, chance and names that a test holds in its hand."""

from datetime import UTC, datetime, timedelta
from itertools import count

import attrs

from ...domain.ids import UUID

START = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.define
class MovableClock:
    """A clock that stands still until it is moved."""

    _now: datetime = START
    _monotonic: float = 0.0

    def now(self) -> datetime:
        """Return where the clock was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was moved in all."""
        return self._monotonic

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._monotonic += by.total_seconds()


@attrs.define
class CountedIds:
    """Identities of version 7 that follow a counter, so that a run can be repeated to the letter."""

    _numbers: "count[int]" = attrs.field(factory=lambda: count(1))

    def new(self) -> UUID:
        """Return the next identity; it sorts behind all before it."""
        return UUID(int=next(self._numbers) << 80 | 0x7 << 76 | 0b10 << 62)


@attrs.frozen
class FixedJitter:
    """Chance that always falls the same way."""

    value: float = 0.0

    def draw(self) -> float:
        """Return the chosen number in [0, 1)."""
        return self.value
