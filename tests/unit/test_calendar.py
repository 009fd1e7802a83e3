"""Fire times by the clocks of time zones, also on the days on which these change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equeue.adapters.calendar import CronCalendar
from equeue.domain.errors import BadCron
from equeue.domain.schedule import Cron

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
MINUTE = timedelta(minutes=1)
CALENDAR = CronCalendar()


def utc(text: str) -> datetime:
    """Return the instant that an ISO text names in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(expression: str, zone: str, after: str, count: int) -> list[str]:
    """Return what clocks show at the next fire times, with their offsets."""
    cron = Cron(expression, zone)
    return [
        CALENDAR.local(cron, fire).isoformat(timespec="minutes") for fire in CALENDAR.after(cron, utc(after), count)
    ]


@pytest.mark.parametrize(
    ("zone", "expression", "before", "fires"),
    [
        (BERLIN, "30 2 * * *", "2026-03-28T12", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
        (BERLIN, "0 30 2 * * *", "2026-03-28T12", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
        (BERLIN, "0 2,3 * * *", "2026-03-28T12", ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"]),
        (NEW_YORK, "15 2 * * *", "2026-03-07T12", ["2026-03-08T03:00-04:00", "2026-03-09T02:15-04:00"]),
        (LORD_HOWE, "15 2 * * *", "2026-10-03T12", ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"]),
        (LORD_HOWE, "45 2 * * *", "2026-10-03T12", ["2026-10-04T02:45+11:00", "2026-10-05T02:45+11:00"]),
    ],
)
def test_a_time_that_clocks_skip_fires_right_after(zone: str, expression: str, before: str, fires: list[str]) -> None:
    """In spring, once, and the next day as ever."""
    assert local(expression, zone, before, 2) == fires


@pytest.mark.parametrize(
    ("zone", "expression", "before", "fires"),
    [
        (BERLIN, "30 2 * * *", "2026-10-24T12", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        (BERLIN, "0 30 2 * * *", "2026-10-24T12", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        (NEW_YORK, "30 1 * * *", "2026-10-31T12", ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"]),
        (LORD_HOWE, "45 1 * * *", "2026-04-04T12", ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"]),
        (BERLIN, "30 2 * * *", "2026-10-25T00:40", ["2026-10-26T02:30+01:00", "2026-10-27T02:30+01:00"]),
        (BERLIN, "30 2 * * *", "2026-10-25T01:10", ["2026-10-26T02:30+01:00", "2026-10-27T02:30+01:00"]),
    ],
)
def test_a_time_that_clocks_show_twice_fires_once(zone: str, expression: str, before: str, fires: list[str]) -> None:
    """In autumn the first time, also where somebody looks between the two."""
    assert local(expression, zone, before, 2) == fires


@pytest.mark.parametrize(
    ("zone", "expression", "before", "fires"),
    [
        (BERLIN, "*/30 2 * * *", "2026-03-28T12", ["2026-03-30T02:00+02:00", "2026-03-30T02:30+02:00"]),
        (BERLIN, "0 * * * *", "2026-03-29T00:30", ["2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"]),
        (BERLIN, "30 * * * *", "2026-10-25T00:00", ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]),
        (LORD_HOWE, "*/20 2 * * *", "2026-10-03T12", ["2026-10-04T02:40+11:00", "2026-10-05T02:00+11:00"]),
        (LORD_HOWE, "*/20 1 * * *", "2026-04-04T14:30", ["2026-04-05T01:40+11:00", "2026-04-05T01:40+10:30"]),
        (LORD_HOWE, "0 */2 * * *", "2026-04-04T14:30", ["2026-04-05T02:00+10:30", "2026-04-05T04:00+10:30"]),
    ],
)
def test_stars_follow_time_as_it_goes_by(zone: str, expression: str, before: str, fires: list[str]) -> None:
    """What clocks skip does not fire, what they show twice fires twice."""
    assert local(expression, zone, before, 2) == fires


FIELDS = st.tuples(
    st.sampled_from(["*", "*/7", "0", "30", "15,45", "1-59/29"]),
    st.sampled_from(["*", "*/2", "1", "2", "0-3", "23"]),
    st.sampled_from(["*", "*/2", "1-10", "25-31"]),
)
STARTS = st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"])


@settings(deadline=None, max_examples=40)
@given(FIELDS, st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "UTC"]), STARTS, st.integers(-2_000, 1_000))
@example(("*/7", "2", "*"), LORD_HOWE, "2026-10-04", -500)
def test_fire_times_are_those_that_a_walk_finds(fields: tuple[str, str, str], zone: str, day: str, offset: int) -> None:
    """A walk minute by minute over two days agrees, and so does the look back."""
    cron, begin = Cron(f"{fields[0]} {fields[1]} {fields[2]} * *", zone), utc(day) + offset * MINUTE
    end = begin + timedelta(days=2)
    expected = sorted(set(_walked(fields, ZoneInfo(zone), begin, end)))
    found = [fire for fire in CALENDAR.after(cron, begin, len(expected) + 1) if fire <= end]
    assert found == expected
    assert list(CALENDAR.latest(cron, begin + timedelta(microseconds=1), end, 5)) == expected[-5:]


def _walked(fields: tuple[str, str, str], zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the fire times behind `begin` up to `end`, worked out without any calendar."""
    minutes, hours, days = (
        _numbers(field, low, high) for field, low, high in zip(fields, (0, 0, 1), (59, 23, 31), strict=True)
    )
    stars = fields[0].startswith("*") or fields[1].startswith("*")
    seen: set[datetime] = set()
    place = begin.replace(second=0, microsecond=0) - timedelta(hours=26)
    before = place.astimezone(zone).replace(tzinfo=None)
    while place < end:
        place += MINUTE
        now = place.astimezone(zone).replace(tzinfo=None)
        skipped = [] if stars else _between(before, now)
        for shown in (*skipped, now):
            fits = shown.minute in minutes and shown.hour in hours and shown.day in days
            if fits and (stars or shown not in seen):
                seen.add(shown)
                if begin < place <= end:
                    yield place
        before = now


def _between(before: datetime, now: datetime) -> list[datetime]:
    return [before + number * MINUTE for number in range(1, (now - before) // MINUTE)]


def _numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def test_seconds_come_first_where_there_are_six_fields() -> None:
    """Five fields fire at second 0."""
    fires = CALENDAR.after(Cron("*/15 * * * * *"), utc("2026-01-01T00:00:10.5"), 3)
    assert [fire.second for fire in fires] == [15, 30, 45]
    assert CALENDAR.after(Cron("* * * * *"), utc("2026-01-01T00:00:10"), 1) == [utc("2026-01-01T00:01:00")]


def test_looking_back_does_not_walk_all_the_way() -> None:
    """A year of missed seconds costs as much as what is asked for."""
    until = utc("2026-01-01")
    found = CALENDAR.latest(Cron("* * * * * *"), until - timedelta(days=365), until, 3)
    assert list(found) == [until - timedelta(seconds=number) for number in (2, 1, 0)]
    assert list(CALENDAR.latest(Cron("0 0 29 2 *"), utc("2020-01-01"), until, 9)) == [
        utc("2020-02-29"),
        utc("2024-02-29"),
    ]


@pytest.mark.parametrize("alias", ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"])
def test_aliases_are_known(alias: str) -> None:
    """In either case of letters."""
    CALENDAR.check(Cron(alias))
    assert CALENDAR.after(Cron(alias.upper()), utc("2025-12-31T23:59"), 1)[0].minute == 0


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("61 * * * *", "at character 1: '61' is no minute"),
        ("0 0 30 2 *", "at character 5: '30' is no day-of-month"),
        ("*  * * * FOO", "at character 10: 'FOO' is no day-of-week"),
        ("99 * * * * *", "at character 1: '99' is no second"),
        ("0 99 * * * *", "at character 3: '99' is no minute"),
        ("* * *", "at character 1: must have five fields"),
        ("@dayly", "at character 1: is none of @yearly"),
        ("0 0 */100 * MON#4", "at character 1: no day ever fits this"),
        ("", "at character 1: must have five fields"),
    ],
)
def test_bad_expressions_are_told_by_place(expression: str, place: str) -> None:
    """So that whoever wrote it sees where to look."""
    with pytest.raises(BadCron) as refused:
        CALENDAR.check(Cron(expression))
    (violation,) = refused.value.violations
    assert violation.pointer == "/cron"
    assert violation.detail.startswith(place)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/passwd", "", "Europe", "é"])
def test_unknown_zones_are_told(zone: str) -> None:
    """Also what is no name of a zone at all."""
    with pytest.raises(BadCron) as refused:
        CALENDAR.check(Cron("* * * * *", zone))
    assert [violation.pointer for violation in refused.value.violations] == ["/zone"]


@pytest.mark.parametrize(
    ("expression", "fire", "words"),
    [
        ("30 2 * * *", "2026-03-29T01:00", "skip 02:30 on this day; it fires at 03:00 instead"),
        ("30 2 * * *", "2026-10-25T00:30", "show 02:30 twice on this day; it fires the first time"),
        ("30 * * * *", "2026-10-25T01:30", "show 02:30 twice on this day; it fires both times"),
        ("30 2 * * *", "2026-10-26T01:30", None),
        ("0 * * * *", "2026-03-29T01:00", None),
        ("0 3 * * *", "2026-03-29T01:00", None),
    ],
)
def test_changes_of_the_clocks_are_said_in_words(expression: str, fire: str, words: str | None) -> None:
    """Only for the fire times that they concern."""
    note = CALENDAR.note(Cron(expression, BERLIN), utc(fire))
    assert (note is None) == (words is None)
    assert words is None or (note is not None and note.endswith(words))
