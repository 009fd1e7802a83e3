"""Filters of jobs as typed trees, and which jobs they mean; `filter_text` writes and reads them as people do."""

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, Final, TypeAlias

import attrs

from .filter_fields import Field, Json, Kind, Unseen
from .ids import UUID
from .job import Job
from .status import JobStatus

EVERY: Final = frozenset(JobStatus)
ENDED: Final = frozenset(status for status in JobStatus if status.ended)


@attrs.frozen
class Day:
    """A day in UTC: as a lower bound its beginning is meant, as an upper one its end."""

    date: date

    @property
    def start(self) -> datetime:
        """The first instant of the day."""
        return datetime.combine(self.date, time_of_day(0), UTC)

    @property
    def end(self) -> datetime:
        """The first instant that is no longer of the day."""
        return self.start + timedelta(days=1)


@attrs.frozen
class FromNow:
    """An instant so long after the moment of asking; before it, if negative."""

    delta: timedelta


@attrs.frozen
class Loose:
    """A word without quotes where JSON is looked at: the text itself, or the number or constant that it spells."""

    text: str

    @property
    def readings(self) -> tuple[Json, ...]:
        """Every JSON value that the word may stand for."""
        constants: dict[str, Json] = {"true": True, "false": False, "null": None}
        if self.text in constants:
            return self.text, constants[self.text]
        return (self.text, Decimal(self.text)) if is_number(self.text) else (self.text,)


Value: TypeAlias = str | int | Decimal | UUID | datetime | Day | FromNow | Loose


@attrs.frozen
class Is:
    """Equal to a value."""

    value: Value

    def fits(self, found: Any) -> bool:
        """Tell whether a value of a job is this one."""
        wanted = self.value.readings if isinstance(self.value, Loose) else (self.value,)
        return any(_same(found, each) for each in wanted)

    def at(self, now: datetime) -> "Is | Range":  # noqa: ARG002 - each test can be asked
        """Return the same without a day in it."""
        day = self.value
        return Range(day.start, day.end, high_open=True) if isinstance(day, Day) else self


@attrs.frozen
class Like:
    """A text in which each `*` stands for any text."""

    pattern: str

    def fits(self, found: Any) -> bool:
        """Tell whether a value of a job is such a text."""
        special = str.maketrans({"[": "[[]", "?": "[?]"})
        return isinstance(found, str) and fnmatchcase(found, self.pattern.translate(special))

    def at(self, now: datetime) -> "Like":  # noqa: ARG002
        """Return itself."""
        return self


@attrs.frozen
class Has:
    """A text with another one somewhere in it, letter by letter."""

    text: str

    def fits(self, found: Any) -> bool:
        """Tell whether a value of a job has the text in it."""
        return isinstance(found, str) and self.text in found

    def at(self, now: datetime) -> "Has":  # noqa: ARG002
        """Return itself."""
        return self


@attrs.frozen
class Range:
    """From `low` to `high`, as far as they are given; an open end is left out itself."""

    low: Value | None = None
    high: Value | None = None
    low_open: bool = False
    high_open: bool = False

    def fits(self, found: Any) -> bool:
        """Tell whether a value of a job lies between; what cannot be compared does not."""
        if isinstance(found, bool) or not isinstance(found, int | Decimal | datetime):
            return False
        low: Any = self.low
        high: Any = self.high
        above = low is None or (found > low if self.low_open else found >= low)
        return above and (high is None or (found < high if self.high_open else found <= high))

    def at(self, now: datetime) -> "Range":
        """Return the same between instants, as seen at `now`."""
        low, low_open = self._start(now)
        high, high_open = self._end(now)
        return Range(low, high, low_open, high_open)

    def _start(self, now: datetime) -> tuple[Value | None, bool]:
        match self.low:
            case Day() as day:
                return (day.end if self.low_open else day.start), False
            case FromNow(delta):
                return now + delta, self.low_open
            case low:
                return low, self.low_open

    def _end(self, now: datetime) -> tuple[Value | None, bool]:
        match self.high:
            case Day() as day:
                return (day.start if self.high_open else day.end), True
            case FromNow(delta):
                return now + delta, self.high_open
            case high:
                return high, self.high_open


Test: TypeAlias = Is | Like | Has | Range


@attrs.frozen
class Term:
    """One field that passes any of some tests."""

    field: Field
    tests: tuple[Test, ...]

    @property
    def deep(self) -> bool:
        """Tell whether the text of the field is searched."""
        return any(isinstance(test, Has) for test in self.tests)

    @property
    def of_documents(self) -> bool:
        """Tell whether it looks into what may be large."""
        return self.field.kind is Kind.JSON or (self.field.kind is Kind.ERROR and self.deep)

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant; `None` if that lies in a document which was not read with it."""
        values = self.field.of(job, deep=self.deep)
        if isinstance(values, Unseen):
            return None
        return any(test.fits(value) for test in self.tests for value in values)

    def at(self, now: datetime) -> "Term":
        """Return the same, as seen at `now`."""
        return Term(self.field, tuple(test.at(now) for test in self.tests))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        match self.field.name:
            case "status":
                return frozenset(JobStatus(test.value) for test in self.tests if isinstance(test, Is))
            case "fingerprint":
                return frozenset({JobStatus.DEAD})
            case "finished":
                return ENDED
            case _:
                return EVERY


@attrs.frozen
class All:
    """Every part holds."""

    parts: "tuple[Condition, ...]"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant by every part."""
        told = [part.means(job) for part in self.parts]
        return False if False in told else None if None in told else True

    def at(self, now: datetime) -> "All":
        """Return the same, as seen at `now`."""
        return All(tuple(part.at(now) for part in self.parts))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        return EVERY.intersection(*(part.statuses for part in self.parts))


@attrs.frozen
class Some:
    """Some part holds."""

    parts: "tuple[Condition, ...]"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is meant by any part."""
        told = [part.means(job) for part in self.parts]
        return True if True in told else None if None in told else False

    def at(self, now: datetime) -> "Some":
        """Return the same, as seen at `now`."""
        return Some(tuple(part.at(now) for part in self.parts))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        return frozenset[JobStatus]().union(*(part.statuses for part in self.parts))


@attrs.frozen
class Not:
    """The part does not hold; a field without a value passes no test, so its job is meant here."""

    part: "Condition"

    def means(self, job: Job) -> bool | None:
        """Tell whether `job` is not meant by the part."""
        told = self.part.means(job)
        return None if told is None else not told

    def at(self, now: datetime) -> "Not":
        """Return the same, as seen at `now`."""
        return Not(self.part.at(now))

    @property
    def statuses(self) -> frozenset[JobStatus]:
        """The statuses that a job may be in of those meant."""
        part = self.part
        return EVERY - part.statuses if isinstance(part, Term) and part.field.kind is Kind.STATUS else EVERY


Condition: TypeAlias = Term | All | Some | Not


def all_of(*conditions: Condition | None) -> Condition | None:
    """Return the condition that all of these hold, as far as they are any; `None` leaves no job out."""
    parts = tuple(part for each in conditions if each is not None for part in _parts(each, All))
    return None if not parts else parts[0] if len(parts) == 1 else All(parts)


def some_of(*conditions: Condition) -> Condition:
    """Return the condition that some of these hold."""
    parts = tuple(part for each in conditions for part in _parts(each, Some))
    return parts[0] if len(parts) == 1 else Some(parts)


def none_of(condition: Condition) -> Condition:
    """Return the condition that this one does not hold."""
    return condition.part if isinstance(condition, Not) else Not(condition)


def terms(condition: Condition | None) -> tuple[Term, ...]:
    """Return every term of a tree."""
    match condition:
        case None:
            return ()
        case Term():
            return (condition,)
        case Not(part):
            return terms(part)
        case All(parts) | Some(parts):
            return tuple(term for part in parts for term in terms(part))


def is_number(text: str) -> bool:
    """Tell whether a word spells a number as JSON does, of at most eighteen digits on either side, and plainly."""
    whole, dot, rest = text.removeprefix("-").partition(".")
    fraction = not dot or (rest.isascii() and rest.isdecimal() and len(rest) <= 18)
    plain = whole.isascii() and whole.isdecimal() and len(whole) <= 18
    return plain and fraction and (whole == "0" or not whole.startswith("0"))


def _parts(condition: Condition, kind: type[All] | type[Some]) -> "tuple[Condition, ...]":
    return condition.parts if isinstance(condition, kind) else (condition,)


def _same(found: Any, wanted: Any) -> bool:
    # Python takes True for 1; JSON does not, and neither does PostgreSQL.
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)
