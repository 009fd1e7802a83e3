"""What a filter asks of one value of a job: to equal something, to look like it, to have it within, to lie between.

What is seen from now becomes an instant once it is known when now is.
"""

from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

import attrs

from .filter_fields import Json
from .ids import UUID


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


def is_number(text: str) -> bool:
    """Tell whether a word spells a number as JSON does, of at most eighteen digits on either side, and plainly."""
    whole, dot, rest = text.removeprefix("-").partition(".")
    fraction = not dot or (rest.isascii() and rest.isdecimal() and len(rest) <= 18)
    plain = whole.isascii() and whole.isdecimal() and len(whole) <= 18
    return plain and fraction and (whole == "0" or not whole.startswith("0"))


def _same(found: Any, wanted: Any) -> bool:
    # Python takes True for 1; JSON does not, and neither does PostgreSQL.
    return isinstance(found, bool) is isinstance(wanted, bool) and bool(found == wanted)
