"""What keeps a schedule from being one; the cron expression itself is for a calendar to judge."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from .errors import InvalidJob, InvalidSchedule, Violation
from .ids import NAME, UUID
from .schedule import (
    CRON_CHARS,
    LONGEST_JITTER,
    LONGEST_PERIOD,
    LONGEST_TIME,
    MOST_MADE_UP,
    SHORTEST_PERIOD,
    ZONE_CHARS,
    Cron,
    Every,
    JobTemplate,
    Rhythm,
    ScheduleSettings,
)
from .spec import DEFAULT_MAX_RETRIES, DEFAULT_QUEUE, DEFAULT_TIMEOUT, PAYLOAD_BYTES, check

_TOO_LARGE = f"with its words filled in it must be at most {PAYLOAD_BYTES} bytes of JSON"


def check_schedule(name: str, settings: ScheduleSettings, *, now: datetime, payload_bytes: int = PAYLOAD_BYTES) -> None:
    """Raise `InvalidSchedule` with every rule that is broken."""
    violations = (
        *_of_name(name),
        *_of_rhythm(settings.rhythm),
        *_of_bounds(settings),
        *_of_job(name, settings.job, now, payload_bytes),
    )
    if violations:
        raise InvalidSchedule(violations)


def check_rhythm(rhythm: Rhythm) -> None:
    """Raise `InvalidSchedule` for a rhythm out of bounds."""
    violations = tuple(_of_rhythm(rhythm))
    if violations:
        raise InvalidSchedule(violations)


def _of_name(name: str) -> Iterator[Violation]:
    if not NAME.fullmatch(name):
        yield Violation("/name", "must be 1 to 128 of a-z 0-9 _ . -", "pattern")
    elif _is_id(name):
        yield Violation("/name", "must not look like an id", "pattern")


def _of_rhythm(rhythm: Rhythm) -> Iterator[Violation]:
    match rhythm:
        case Every(period):
            if not SHORTEST_PERIOD <= period <= LONGEST_PERIOD:
                yield Violation("/every_s", "must be between 0.1 seconds and 366 days", "range")
        case Cron(expression, zone):
            if not 1 <= len(expression) <= CRON_CHARS or not expression.isprintable():
                yield Violation("/cron", f"must have 1 to {CRON_CHARS} printable characters", "range")
            if not 1 <= len(zone) <= ZONE_CHARS or not zone.isprintable():
                yield Violation("/zone", "must name a time zone such as Europe/Berlin", "range")


def _of_bounds(settings: ScheduleSettings) -> Iterator[Violation]:
    if not 1 <= settings.catch_up_limit <= MOST_MADE_UP:
        yield Violation("/catch_up_limit", f"must be between 1 and {MOST_MADE_UP}", "range")
    if not timedelta(0) <= settings.jitter <= LONGEST_JITTER:
        yield Violation("/jitter_s", "must be between 0 and 86400", "range")


def check_filled(name: str, job: JobTemplate) -> None:
    """Raise `InvalidSchedule` for a payload that is too large once its words are filled in."""
    if len(job.filled(name, LONGEST_TIME)) > PAYLOAD_BYTES:
        raise InvalidSchedule((Violation("/job/payload", _TOO_LARGE, "too-large"),))


def _of_job(name: str, job: JobTemplate, now: datetime, payload_bytes: int) -> Iterator[Violation]:
    spec = attrs.evolve(
        job.spec(name, LONGEST_TIME, now),
        queue=DEFAULT_QUEUE if job.queue is None else job.queue,
        max_retries=DEFAULT_MAX_RETRIES if job.max_retries is None else job.max_retries,
        timeout=DEFAULT_TIMEOUT if job.timeout is None else job.timeout,
    )
    try:
        check(spec, now=now, payload_bytes=payload_bytes)
    except InvalidJob as invalid:
        yield from (violation.under("/job") for violation in invalid.violations)


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
