"""The values of a filter as people write them: which texts a field takes, and the one text for each test."""

import re
import string
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

import attrs

from .filter_criteria import Day, FromNow, Has, Is, Like, Loose, Range, Test, Value, is_number
from .filter_fields import Field, Kind, is_place
from .ids import NAME, UUID
from .status import JobStatus

PLAIN: Final = frozenset(string.ascii_letters + string.digits + "_-")
"""What the name of a payload's member may have in it without being quoted."""

STARS: Final = 5
_YEARS: Final = range(1970, 9_998)
_FARTHEST: Final = timedelta(days=3_653)
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}")
_PATTERN: Final = re.compile(r"[a-z0-9_.*-]{1,128}")
_BARE: Final = re.compile(r"[A-Za-z0-9_/@][A-Za-z0-9_/@:.+=-]*")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{5,8}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_PIECE: Final = re.compile(r"([0-9]{1,9})([wdhms])")
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


class Wrong(ValueError):
    """A value that its field does not take; `nearest` is what may have been meant."""

    def __init__(self, detail: str, nearest: str | None = None) -> None:
        super().__init__(detail)
        self.nearest = nearest


@attrs.frozen
class Word:
    """One value as it stands in a filter: its text, the sign before it (`>=`, `~`), and where it begins."""

    text: str
    sign: str
    start: int
    quoted: bool = attrs.field(kw_only=True)


def read_test(field: Field, word: Word) -> Test:
    """Return the test that a word is for a field; raise `Wrong` if it is none."""
    if word.sign == "~":
        return _has(field, word)
    ranged = field.kind in (Kind.WHOLE, Kind.TIME, Kind.JSON)
    if word.sign:
        if not ranged or word.quoted:
            raise Wrong(f"'{field.name}' has no order; leave out the '{word.sign}'" if not ranged else _UNQUOTED)
        return _beyond(word.sign, _bound(field, word.text))
    low, dots, high = word.text.partition("..")
    if dots and ranged and not word.quoted and not (field.kind is Kind.JSON and not (is_number(low))):
        return Range(_bound(field, low), _bound(field, high))
    return _equal(field, word)


def test_text(field: Field, test: Test) -> str:
    """Return a test as it is written behind the field and its sign."""
    match test:
        case Is(value):
            return _value_text(field, value)
        case Like(pattern):
            return pattern
        case Has(text):
            return _quote(text)
        case Range(low, high, low_open, high_open):
            if low is not None and high is not None:
                return f"{_value_text(field, low)}..{_value_text(field, high)}"
            if low is not None:
                return f"{'>' if low_open else '>='}{_value_text(field, low)}"
            return "" if high is None else f"{'<' if high_open else '<='}{_value_text(field, high)}"


def path_text(path: tuple[str, ...]) -> str:
    """Return the path into a payload as it is written behind the field."""
    return "".join(f".{step if step and PLAIN.issuperset(step) else _quote(step)}" for step in path)


def step_problem(step: str) -> str | None:
    """Return what is wrong with a step of a path: places in arrays are counted from the first, in plain digits."""
    digits = step.strip().lstrip("+-").isdecimal()
    return "a place in an array is written in digits: payload.items.0" if digits and not is_place(step) else None


_UNQUOTED: Final = "what is compared is written without quotes"


def _has(field: Field, word: Word) -> Has:
    if field.kind not in (Kind.NAME, Kind.TEXT, Kind.ERROR, Kind.JSON) or field.name == "fingerprint":
        raise Wrong(f"'{field.name}' has no text to search; write {field.name}:value")
    if not word.text:
        raise Wrong("the text to search for is empty")
    return Has(word.text)


def _beyond(sign: str, value: Value) -> Range:
    is_open = len(sign) == 1
    return Range(low=value, low_open=is_open) if sign[0] == ">" else Range(high=value, high_open=is_open)


def _equal(field: Field, word: Word) -> Test:
    text = word.text
    starred = "*" in text and not word.quoted
    if starred and text.count("*") > STARS:
        raise Wrong(f"a value has at most {STARS} '*'")
    match field.kind:
        case Kind.STATUS:
            return Is(_status(text))
        case Kind.NAME:
            return _name(text, starred=starred)
        case Kind.WHOLE | Kind.TIME:
            if word.quoted:
                raise Wrong(_UNQUOTED)
            return Is(_not_relative(_bound(field, text)))
        case Kind.ID:
            return Is(_id(text))
        case Kind.JSON if not starred:
            return Is(text if word.quoted else Loose(text))
        case _:
            if not text:
                raise Wrong("the value is empty")
            return Like(text) if starred else Is(text)


def _bound(field: Field, text: str) -> Value:
    match field.kind:
        case Kind.WHOLE if _WHOLE.fullmatch(text):
            return int(text)
        case Kind.WHOLE:
            raise Wrong("a whole number is expected, of at most nine digits")
        case Kind.TIME:
            return _time(text)
        case _ if is_number(text):
            return Decimal(text)
        case _:
            raise Wrong("a number is expected, of at most eighteen digits before and behind its point")


def _not_relative(value: Value) -> Value:
    if isinstance(value, FromNow):
        raise Wrong("an instant seen from now is met by nothing exactly; write >-1h or <-1h")
    return value


def _status(text: str) -> JobStatus:
    if text not in frozenset(JobStatus):
        nearest = get_close_matches(text[:40].lower(), list(JobStatus), 1, 0.5)
        raise Wrong(f"a status is one of {', '.join(JobStatus)}", nearest[0] if nearest else None)
    return JobStatus(text)


def _name(text: str, *, starred: bool) -> Test:
    if starred and _PATTERN.fullmatch(text):
        return Like(text)
    if not NAME.fullmatch(text):
        raise Wrong("a name is 1 to 128 of a-z 0-9 _ . -")
    return Is(text)


def _id(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        raise Wrong("an id is a UUID, such as 019a5b3c-0000-7000-8000-000000000000") from None
    if str(found) != text.lower():
        raise Wrong("an id is a UUID with its hyphens")
    return found


def _time(text: str) -> Value:
    if text[:1] in ("-", "+") or text == "now":
        return FromNow(_delta(text))
    try:
        if _DAY.fullmatch(text):
            day = Day(date.fromisoformat(text))
            if day.date.year in _YEARS:
                return day
        if _INSTANT.fullmatch(text):
            instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
            if instant.year in _YEARS:
                return instant
    except (ValueError, OverflowError):
        pass
    raise Wrong("a time is a day (2026-11-01), an instant (2026-11-01T10:00:00Z) or seen from now (-1h, +10m, now)")


def _delta(text: str) -> timedelta:
    pieces = _PIECE.findall(text)
    if text != "now" and (not pieces or "".join(number + unit for number, unit in pieces) != text[1:]):
        raise Wrong("a span is written -90s, -10m, -1h30m, -7d or -2w")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in pieces)
    if seconds > _FARTHEST.total_seconds():
        raise Wrong("a span reaches at most ten years")
    return timedelta(seconds=-seconds if text[0] == "-" else seconds)


def _value_text(field: Field, value: Value) -> str:
    match value:
        case Loose(text):
            return text
        case Day(day):
            return day.isoformat()
        case FromNow(delta):
            return _span_text(delta)
        case datetime():
            return value.replace(tzinfo=None).isoformat() + "Z"
        case str() if field.kind is Kind.JSON or not _BARE.fullmatch(value):
            return _quote(value)
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _span_text(delta: timedelta) -> str:
    seconds = abs(int(delta.total_seconds()))
    if not seconds:
        return "now"
    unit = next(unit for unit, size in _UNITS.items() if seconds % size == 0)
    return f"{'-' if delta < timedelta(0) else '+'}{seconds // _UNITS[unit]}{unit}"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
