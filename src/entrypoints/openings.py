"""What the container opens late or makes of several settings."""

from ..application.ports.calendar import Calendar
from ..domain.retention import Retention
from .settings import Settings


def open_calendar() -> Calendar:
    """Return what knows cron expressions and time zones; commands that serve nothing do not pay for its import."""
    from ..adapters.calendar import CronCalendar  # noqa: PLC0415

    return CronCalendar()


def open_retention(settings: Settings) -> Retention:
    """Return how long jobs are kept where their queue says nothing."""
    return Retention(settings.keep_finished, settings.keep_finished, settings.keep_dead, settings.keep_results)
