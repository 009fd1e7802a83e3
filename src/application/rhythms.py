"""The fire times of any rhythm: those of a cron expression a calendar knows, the others are arithmetic."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ..domain.schedule import PUNCTUAL, Cron, Every, Rhythm, Schedule
from ..domain.schedule_rules import check_rhythm
from .ports.calendar import Calendar

MOMENT = timedelta(microseconds=1)

_EVENLY = "It follows time as it goes by: changes of the clocks do not concern it."
_BY_THE_CLOCK = (
    "A time that clocks skip in spring fires as soon as they have skipped it, one that they show twice in autumn fires "
    "the first time. An expression whose minutes or hours begin with * follows time as it goes by instead: what is "
    "skipped does not fire, what is shown twice fires twice."
)


def check(calendar: Calendar, rhythm: Rhythm) -> None:
    """Raise `InvalidSchedule` or `BadCron` for a rhythm that cannot be followed."""
    check_rhythm(rhythm)
    if isinstance(rhythm, Cron):
        calendar.check(rhythm)


def upcoming(calendar: Calendar, rhythm: Rhythm, anchor: datetime, instant: datetime, count: int) -> Sequence[datetime]:
    """Return the next `count` fire times behind `instant`, fewer where it never fires again."""
    match rhythm:
        case Cron():
            return calendar.after(rhythm, instant, count)
        case Every():
            first = rhythm.after(anchor, instant)
            return [first + turn * rhythm.period for turn in range(count)]


def following(calendar: Calendar, rhythm: Rhythm, anchor: datetime, instant: datetime) -> datetime | None:
    """Return the next fire time behind `instant`, if there is any."""
    return next(iter(upcoming(calendar, rhythm, anchor, instant, 1)), None)


def latest(calendar: Calendar, schedule: Schedule, since: datetime, until: datetime, count: int) -> Sequence[datetime]:
    """Return the last `count` fire times of a schedule from `since` to `until`, both included, oldest first."""
    if count < 1 or since > until:
        return ()
    match schedule.settings.rhythm:
        case Cron() as cron:
            return calendar.latest(cron, since, until, count)
        case Every() as every:
            return every.latest(schedule.anchor, since, until, count)


def due(
    calendar: Calendar, schedule: Schedule, now: datetime, most: int
) -> tuple[Sequence[datetime], Sequence[datetime]]:
    """Return the fire times up to `now` that nobody decided on: those that were missed, and those in time.

    Of the missed only as many as may be made up for, of those in time the last `most`.
    """
    if schedule.next_at is None:
        return (), ()
    edge = now - PUNCTUAL
    missed = latest(calendar, schedule, schedule.next_at, edge - MOMENT, schedule.settings.made_up)
    return missed, latest(calendar, schedule, max(schedule.next_at, edge), now, most)


def words(calendar: Calendar, rhythm: Rhythm) -> str:
    """Say in words when it fires."""
    match rhythm:
        case Cron():
            return calendar.words(rhythm)
        case Every(period):
            return f"Every {_span(period)}"


def clock_rule(rhythm: Rhythm) -> str:
    """Say in words what changes of the clocks do to a rhythm."""
    return _BY_THE_CLOCK if isinstance(rhythm, Cron) else _EVENLY


def _span(period: timedelta) -> str:
    seconds = period.total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % size == 0:
            number = int(seconds // size)
            return name if number == 1 else f"{number} {name}s"
    return "second" if seconds == 1 else f"{seconds:g} seconds"
