"""What happened to jobs in a stretch of time, in numbers that can be added up."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import attrs

from .histogram import EMPTY, Histogram
from .outcomes import AttemptOutcome

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_KEPT, HOURS_KEPT = DAY, 90 * DAY


class Period(StrEnum):
    """How long the stretches of time are for which figures are kept."""

    MINUTE = "minute"
    HOUR = "hour"

    @property
    def step(self) -> timedelta:
        """Return the length."""
        return MINUTE if self is Period.MINUTE else HOUR

    @property
    def kept(self) -> timedelta:
        """Return for how long figures are kept by this: of minutes that are older only their hours are."""
        return MINUTES_KEPT if self is Period.MINUTE else HOURS_KEPT


FAILURES = (AttemptOutcome.FAILED, AttemptOutcome.TIMED_OUT, AttemptOutcome.CRASHED, AttemptOutcome.DISCARDED)
"""The outcomes of attempts that are counted as failed."""


def beginning(instant: datetime, step: timedelta) -> datetime:
    """Return when the step that holds an instant began."""
    return START + (instant - START) // step * step


@attrs.frozen
class Figures:
    """What happened to jobs.

    `enqueued` are new jobs; `succeeded`, `dead` and `cancelled` are ends, of which a job that is retried by hand has
    several. `failed` are attempts that failed, timed out, crashed or gave up; `retried` are those of them after which
    the job was queued again. `waits`, from when it was due, and `runs` are of every attempt that began and ended.
    """

    enqueued: int = 0
    succeeded: int = 0
    dead: int = 0
    cancelled: int = 0
    failed: int = 0
    retried: int = 0
    waits: Histogram = EMPTY
    runs: Histogram = EMPTY

    def __add__(self, other: "Figures") -> "Figures":
        """Return what both tell together."""
        return Figures(
            self.enqueued + other.enqueued,
            self.succeeded + other.succeeded,
            self.dead + other.dead,
            self.cancelled + other.cancelled,
            self.failed + other.failed,
            self.retried + other.retried,
            self.waits + other.waits,
            self.runs + other.runs,
        )

    @property
    def done(self) -> int:
        """How many jobs ended."""
        return self.succeeded + self.dead + self.cancelled


NOTHING = Figures()


@attrs.frozen
class Span:
    """From when to when, `end` left out, in steps of a minute or an hour."""

    start: datetime
    end: datetime
    step: timedelta = MINUTE

    @classmethod
    def until(cls, end: datetime, length: timedelta, step: timedelta = MINUTE) -> "Span":
        """Return whole steps of a length, of which the last holds `end` and has not ended."""
        last = beginning(end, step) + step
        return cls(last - length, last, step)

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return -((beginning(self.start, self.step) - self.end) // self.step)

    def filled(self, found: Mapping[datetime, Figures]) -> tuple["Point", ...]:
        """Return a point for each step, also where nothing happened."""
        first = beginning(self.start, self.step)
        places = (first + place * self.step for place in range(self.steps))
        return tuple(Point(at, found.get(at, NOTHING)) for at in places)


@attrs.frozen
class Point:
    """What happened in the step that began at `at`."""

    at: datetime
    figures: Figures


def total(points: Iterable[Point]) -> Figures:
    """Return what points tell together."""
    return sum((point.figures for point in points), NOTHING)
