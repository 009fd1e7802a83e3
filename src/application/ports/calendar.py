"""Clocks on walls: when they show what a cron expression says, in time zones that change their minds twice a year."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ...domain.schedule import Cron


class Calendar(Protocol):
    """Knows cron expressions and time zones. Instants are aware and in UTC.

    Where an expression names its minutes and hours, a time that clocks skip fires as soon as they have skipped it, and
    one that they show twice fires the first time. Where its minutes or hours begin with `*`, it follows time as it
    goes by: what is skipped does not fire, and what is shown twice fires twice. No instant fires twice.
    """

    def check(self, cron: Cron) -> None:
        """Raise `BadCron` for an expression that nobody can read or that never comes true, or an unknown zone."""
        ...

    def after(self, cron: Cron, instant: datetime, count: int = 1) -> Sequence[datetime]:
        """Return the next `count` fire times behind `instant`, fewer where it never fires again. Raises `BadCron`."""
        ...

    def latest(self, cron: Cron, since: datetime, until: datetime, count: int) -> Sequence[datetime]:
        """Return the last `count` fire times from `since` to `until`, both included, oldest first. Raises `BadCron`."""
        ...

    def words(self, cron: Cron) -> str:
        """Say in words when it fires. Raises `BadCron`."""
        ...

    def local(self, cron: Cron, instant: datetime) -> datetime:
        """Return what the clocks of its time zone show at `instant`. Raises `BadCron` for an unknown zone."""
        ...

    def note(self, cron: Cron, instant: datetime) -> str | None:
        """Say in words what the clocks' change does to this fire time; `None` where they do not change."""
        ...
