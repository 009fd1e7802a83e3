"""Time, chance and names: what the core needs of the machine it runs on."""

from datetime import datetime
from typing import Protocol

from ...domain.ids import UUID


class Clock(Protocol):
    """The process's own time. What compares leases or schedules takes the database's instead."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware and in UTC; only for loose bounds and for people to read."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump and go on through a suspend where the system can tell."""
        ...


class Ids(Protocol):
    """Makes identities."""

    def new(self) -> UUID:
        """Return a fresh UUID of version 7: later ones sort later."""
        ...


class Jitter(Protocol):
    """Chance, for spreading retries and polls."""

    def draw(self) -> float:
        """Return a number in [0, 1)."""
        ...
