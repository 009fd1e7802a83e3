"""Which fire times make a job, and what becomes of a schedule."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOON, minutes, seconds

from equeue.domain.errors import InvalidSchedule
from equeue.domain.schedule import (
    CatchUp,
    Cron,
    Every,
    JobTemplate,
    Overlap,
    Pause,
    Rhythm,
    Schedule,
    ScheduleSettings,
)
from equeue.domain.schedule_rules import check_schedule

TEN_MINUTES = Every(minutes(10))
MISSED = [NOON - minutes(number) for number in (50, 40, 30)]
PUNCTUAL = [NOON - seconds(number) for number in (20, 10)]
PERIODS = st.timedeltas(min_value=seconds(0.1), max_value=timedelta(days=366))
INSTANTS = st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)).map(lambda by: NOON + by)


def settings(rhythm: Rhythm = TEN_MINUTES, **facts: Any) -> ScheduleSettings:
    """Return settings with `facts`."""
    return ScheduleSettings(rhythm=rhythm, job=facts.pop("job", JobTemplate(task="a.b")), **facts)


def schedule(**facts: Any) -> Schedule:
    """Return a schedule with `facts`."""
    usual: dict[str, Any] = {"id": UUID(int=1), "name": "n", "settings": settings(), "anchor": NOON}
    return Schedule(**usual | {"created_at": NOON, "updated_at": NOON, "next_at": NOON} | facts)


@pytest.mark.parametrize(
    ("catch_up", "made_up"), [(CatchUp.NONE, []), (CatchUp.LAST, MISSED[-1:]), (CatchUp.ALL, MISSED[-2:])]
)
def test_what_was_missed_is_made_up_for_as_wished(catch_up: CatchUp, made_up: list[datetime]) -> None:
    """None, the last, or the last few within the bound; what is only a little late fires in any case."""
    wished = settings(overlap=Overlap.QUEUE, catch_up=catch_up, catch_up_limit=2)
    assert wished.fires(MISSED, PUNCTUAL, active=True) == (*made_up, *PUNCTUAL)


@pytest.mark.parametrize("catch_up", CatchUp)
def test_jobs_that_may_not_overlap_come_one_at_a_time(catch_up: CatchUp) -> None:
    """Of several fire times the newest; none while a job waits or runs."""
    wished = settings(overlap=Overlap.SKIP, catch_up=catch_up)
    assert wished.fires(MISSED, PUNCTUAL, active=False) == (PUNCTUAL[-1],)
    assert wished.fires(MISSED, [], active=False) == (() if catch_up is CatchUp.NONE else (MISSED[-1],))
    assert wished.fires(MISSED, PUNCTUAL, active=True) == ()


@given(PERIODS, INSTANTS)
def test_next_is_the_first_turn_behind(period: timedelta, instant: datetime) -> None:
    """It is a whole number of periods from the anchor, at least one, and no turn lies between."""
    after = Every(period).after(NOON, instant)
    assert after > instant
    assert after >= NOON + period
    assert (after - NOON) % period == timedelta(0)
    assert after == NOON + period or after - period <= instant


@given(PERIODS, INSTANTS, st.timedeltas(min_value=seconds(0), max_value=minutes(60)), st.integers(1, 20))
def test_latest_are_the_last_turns_within(period: timedelta, since: datetime, span: timedelta, count: int) -> None:
    """The same as going forward from the beginning and keeping the last."""
    every, until = Every(max(period, seconds(10))), since + span
    walked = [every.after(NOON, since - timedelta(microseconds=1))]
    while walked[-1] <= until:
        walked.append(every.after(NOON, walked[-1]))
    assert every.latest(NOON, since, until, count) == tuple(walked[:-1][-count:])


def test_pause_says_who_and_why_and_is_not_renewed() -> None:
    """A second pause changes nothing; a resume goes on behind now, with nothing to make up for."""
    paused = schedule().stop(NOON, "user:1", "too\x00 loud")
    assert paused.pause == Pause(NOON, "user:1", "too\ufffd loud")
    assert paused.stop(NOON + minutes(1), "user:2", None) is paused
    resumed = paused.resume(NOON + minutes(5), NOON + minutes(10))
    assert (resumed.pause, resumed.next_at) == (None, NOON + minutes(10))
    assert len({schedule().etag, paused.etag, resumed.etag}) == 3
    assert resumed.resume(NOON, None) is resumed
    with pytest.raises(InvalidSchedule):
        schedule().stop(NOON, None, "x" * 1_001)


def test_another_rhythm_begins_anew_and_the_same_goes_on() -> None:
    """Only the rhythm moves the anchor and the next fire time; it also heals what could not be worked out."""
    failed = schedule(anchor=NOON - minutes(5)).fail("no such zone")
    assert (failed.next_at, failed.failure) == (None, "no such zone")
    other = failed.change(settings(Every(minutes(7))), NOON, NOON + minutes(7))
    assert (other.anchor, other.next_at, other.failure) == (NOON, NOON + minutes(7), None)
    mended = failed.change(failed.settings, NOON, NOON + minutes(7))
    assert (mended.anchor, mended.next_at, mended.failure) == (NOON, NOON + minutes(7), None)
    same = schedule(anchor=NOON - minutes(5)).change(settings(jitter=seconds(3)), NOON, NOON + minutes(7))
    assert (same.anchor, same.next_at, same.revision) == (NOON - minutes(5), NOON, 1)


def test_firing_is_no_change_of_settings() -> None:
    """Whoever edits is not refused because it fired meanwhile."""
    fired = schedule().advance([NOON - minutes(1), NOON], NOON + minutes(10))
    assert (fired.last_fire_at, fired.next_at, fired.etag) == (NOON, NOON + minutes(10), schedule().etag)
    assert fired.advance([], None).last_fire_at == NOON


def test_payload_may_hold_the_fire_time_and_the_name() -> None:
    """Texts that are exactly a word, however deep, and no names; all else stays as it is, to the letter."""
    job = JobTemplate(
        task="a.b",
        payload=b'{"at": "$fire_at", "deep":[{"by":"$schedule"}], "n": 0.12345678901234567890, "s": "$fire_at!"}',
    )
    assert job.spec("nightly", NOON, NOON).payload == (
        b'{"at": "2026-11-22T12:00:00+00:00", "deep":[{"by":"nightly"}], "n": 0.12345678901234567890, "s": "$fire_at!"}'
    )
    names = JobTemplate(task="a.b", payload=rb'{"$fire_at" : "\"$schedule", "\\": "$schedule"}')
    assert names.spec("n", NOON, NOON).payload == rb'{"$fire_at" : "\"$schedule", "\\": "n"}'
    assert JobTemplate(task="a.b", payload=b'{"x" : 1.50}').spec("n", NOON, NOON).payload == b'{"x" : 1.50}'


GROWS = b'{"at":[' + b",".join([b'"$fire_at"'] * 50_000) + b"]}"
"""A payload of half a megabyte, and of far more than one once the words are filled in."""


@pytest.mark.parametrize(
    ("name", "wrong", "pointer"),
    [
        ("Nightly", settings(), "/name"),
        ("00000000-0000-7000-8000-000000000001", settings(), "/name"),
        ("n", settings(Every(seconds(0.09))), "/every_s"),
        ("n", settings(Every(timedelta(days=367))), "/every_s"),
        ("n", settings(Cron("")), "/cron"),
        ("n", settings(Cron("*" * 256)), "/cron"),
        ("n", settings(Cron("* * * * *", "")), "/zone"),
        ("n", settings(catch_up_limit=0), "/catch_up_limit"),
        ("n", settings(catch_up_limit=1_001), "/catch_up_limit"),
        ("n", settings(jitter=seconds(-1)), "/jitter_s"),
        ("n", settings(jitter=timedelta(days=1, seconds=1)), "/jitter_s"),
        ("n", settings(job=JobTemplate(task="A b")), "/job/task"),
        ("n", settings(job=JobTemplate(task="a", payload=b"[]")), "/job/payload"),
        ("n", settings(job=JobTemplate(task="a", payload=GROWS)), "/job/payload"),
        ("n", settings(job=JobTemplate(task="a", queue="Q")), "/job/queue"),
        ("n", settings(job=JobTemplate(task="a", max_retries=-1)), "/job/max_retries"),
        ("n", settings(job=JobTemplate(task="a", timeout=seconds(0))), "/job/timeout_s"),
    ],
)
def test_broken_rules_are_named(name: str, wrong: ScheduleSettings, pointer: str) -> None:
    """Each by the field that breaks it, and nothing else is at fault."""
    with pytest.raises(InvalidSchedule) as refused:
        check_schedule(name, wrong, now=NOON)
    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_what_is_just_within_bounds_is_taken() -> None:
    """The bounds themselves belong to what may be set."""
    for rhythm in (Every(seconds(0.1)), Every(timedelta(days=366)), Cron("*" * 255, "z" * 64)):
        check_schedule("n" * 128, settings(rhythm, catch_up_limit=1_000, jitter=timedelta(days=1)), now=NOON)
    assert attrs.evolve(settings(), catch_up=CatchUp.ALL, catch_up_limit=7).made_up == 7
