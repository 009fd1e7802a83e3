"""Cron expressions by cronsim, time zones by zoneinfo. cronsim only ever sees clocks that do not change."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from ..domain.errors import BadCron, Violation
from ..domain.schedule import Cron

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = ("second", "minute", "hour", "day-of-month", "month", "day-of-week")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SOME_TIME = datetime(2024, 1, 1)  # noqa: DTZ001 - what clocks on walls show has no offset
LAST_YEAR = 9_000
"""No fire time lies behind this year: dates end soon after."""

_WORD = re.compile(r"\S+")


class CronCalendar:
    """A `Calendar`. It keeps nothing but the time zones' own files."""

    def check(self, cron: Cron) -> None:
        """Raise `BadCron` for what never fires."""
        _zone(cron)
        if next(_shown(cron.expression, SOME_TIME), None) is None:
            raise _bad(0, "no day ever fits this")

    def after(self, cron: Cron, instant: datetime, count: int = 1) -> Sequence[datetime]:
        """Return the next fire times."""
        return list(islice(_fires(cron, instant), count))

    def latest(self, cron: Cron, since: datetime, until: datetime, count: int) -> Sequence[datetime]:
        """Return the last fire times up to `until`, found by looking further and further back."""
        if count < 1 or since > until:
            return []
        span = timedelta(minutes=1)
        while True:
            start = max(since, until - span)
            found: deque[datetime] = deque(maxlen=count)
            for fire in _fires(cron, start - timedelta(microseconds=1)):
                if fire > until:
                    break
                found.append(fire)
            if len(found) == count or start == since:
                return list(found)
            span *= 4

    def words(self, cron: Cron) -> str:
        """Say in words when it fires, as cronsim does."""
        zone = _zone(cron)
        return f"{_sim(cron.expression, SOME_TIME).explain()}, {zone.key} time"

    def local(self, cron: Cron, instant: datetime) -> datetime:
        """Return what the clocks show."""
        return instant.astimezone(_zone(cron))

    def note(self, cron: Cron, instant: datetime) -> str | None:
        """Say what a change of the clocks does to a fire time."""
        zone = _zone(cron)
        local = instant.astimezone(zone)
        if _is_shown_twice(local):
            if not _is_by_the_clock(cron.expression):
                return f"the clocks go back and show {local:%H:%M} twice on this day; it fires both times"
            return f"the clocks go back and show {local:%H:%M} twice on this day; it fires the first time"
        before = (instant - SECOND).astimezone(zone)
        wall = _shown_before(before)
        if wall >= local.replace(tzinfo=None) or not _is_by_the_clock(cron.expression):
            return None
        meant = next(_shown(cron.expression, wall - SECOND), None)
        if meant is None or meant >= local.replace(tzinfo=None):
            return None
        return f"the clocks go forward and skip {meant:%H:%M} on this day; it fires at {local:%H:%M} instead"


def _fires(cron: Cron, after: datetime) -> Iterator[datetime]:
    """Yield the fire times behind `after`, each later than the one before."""
    zone = _zone(cron)
    walk = _by_the_clock if _is_by_the_clock(cron.expression) else _as_time_goes_by
    last = after.astimezone(UTC)
    for fire in walk(cron.expression, zone, last):
        if fire > last:
            yield fire
            last = fire


def _by_the_clock(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield when clocks show the times: the first time they do, or right after they skipped it."""
    for shown in _shown(expression, after.astimezone(zone).replace(tzinfo=None)):
        yield _first_not_before(shown, zone)


def _as_time_goes_by(expression: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the times stretch by stretch, in each of which clocks go evenly."""
    place = begin = after
    change: datetime | None = after
    while change is not None:
        change = None
        offset = place.astimezone(zone).utcoffset() or timedelta(0)
        for shown in _shown(expression, (begin + offset).replace(tzinfo=None)):
            fire = (shown - offset).replace(tzinfo=UTC)
            change = _first_change(zone, place, fire)
            if change is not None:
                place, begin = change, change - SECOND
                break
            yield fire
            place = fire


def _first_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime | None:
    """Return the first second from `start` to `end` at which the clocks differ from those at `start`."""
    offset = start.astimezone(zone).utcoffset()
    same = start
    while same < end:
        other = min(same + DAY, end)
        if other.astimezone(zone).utcoffset() != offset:
            return _bisected(zone, same, other)
        same = other
    return None


def _bisected(zone: ZoneInfo, same: datetime, other: datetime) -> datetime:
    offset = same.astimezone(zone).utcoffset()
    low, high = int(same.timestamp()), -int(-other.timestamp() // 1)
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _first_not_before(shown: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which clocks show `shown`, or, if they skip it, what they show next."""
    instant = shown.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == shown:
        return instant
    return _first_change(zone, instant - DAY, instant) or instant


def _shown(expression: str, after: datetime) -> Iterator[datetime]:
    """Yield the matching times behind `after` on a clock that never changes."""
    for shown in _sim(expression, after.replace(microsecond=0)):
        if shown.year > LAST_YEAR:
            return
        yield shown


def _shown_before(local: datetime) -> datetime:
    """Return what the clock would show a second later if it went on evenly."""
    return local.replace(tzinfo=None, microsecond=0) + SECOND


def _is_shown_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _is_by_the_clock(expression: str) -> bool:
    _, minute, hour, *_ = _sim(expression, SOME_TIME).parts
    return not minute.startswith("*") and not hour.startswith("*")


def _plain(expression: str) -> str:
    return ALIASES.get(expression.strip().lower(), expression)


def _sim(expression: str, after: datetime) -> CronSim:
    try:
        return CronSim(_plain(expression), after)
    except CronSimError as wrong:
        raise _explained(expression, str(wrong)) from wrong


def _explained(expression: str, wrong: str) -> BadCron:
    words = list(_WORD.finditer(expression))
    named = wrong.removeprefix("Bad ").strip().lower()
    if expression.strip().startswith("@"):
        return _bad(0, f"is none of {', '.join(ALIASES)}")
    if len(words) not in (5, 6) or named not in FIELDS:
        return _bad(0, "must have five fields (minute hour day month weekday), or six with the second first")
    word = words[FIELDS.index(named) - (6 - len(words))]
    return _bad(word.start(), f"'{word.group()}' is no {named}")


def _bad(position: int, problem: str) -> BadCron:
    return BadCron((Violation("/cron", f"at character {position + 1}: {problem}", "bad-cron"),))


def _zone(cron: Cron) -> ZoneInfo:
    return _zone_of(cron.zone)


@lru_cache(maxsize=256)
def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        problem = f"'{name}' is no time zone that this system knows, such as Europe/Berlin"
        raise BadCron((Violation("/zone", problem, "unknown-zone"),)) from unknown
