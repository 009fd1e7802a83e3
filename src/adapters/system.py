"""Time, chance and names from the operating system."""

import random
import time
from datetime import UTC, datetime

import attrs
from uuid_utils.compat import uuid7

from ..domain.ids import UUID

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@attrs.frozen
class SystemClock:
    """The machine's clocks; the monotonic one goes on while the machine is suspended, where Linux offers that."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since boot."""
        return time.clock_gettime(_BOOTTIME)


@attrs.frozen
class UuidV7Ids:
    """Identities that sort by the millisecond in which they were made (RFC 9562)."""

    def new(self) -> UUID:
        """Return a fresh UUID of version 7."""
        return uuid7()


@attrs.frozen
class SystemJitter:
    """Chance from the process's generator; nothing secret depends on it."""

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        return random.random()
