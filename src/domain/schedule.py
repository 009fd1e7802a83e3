"""Schedules: the rhythm in which jobs are made, and the decision which fire times make one."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Self, TypeAlias

import attrs

from .errors import InvalidSchedule, Violation
from .ids import UUID, JobId, Json, UserId
from .outcomes import storable
from .retry import Backoff
from .spec import DEFAULT_PRIORITY, REASON_CHARS, JobSpec

PUNCTUAL = timedelta(seconds=60)
"""A fire time that is longer ago than this when somebody looks was missed; a younger one is only a little late."""

CRON_CHARS = 255
ZONE_CHARS = 64
SHORTEST_PERIOD = timedelta(milliseconds=100)
LONGEST_PERIOD = timedelta(days=366)
LONGEST_JITTER = timedelta(days=1)
MOST_MADE_UP = 1_000
MADE_UP = 100

LONGEST_TIME = datetime(2024, 1, 1, microsecond=1, tzinfo=UTC)
"""No fire time is a longer text than this."""

_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)
"""A text in JSON; with the colon behind it where it is a member's name."""


class Overlap(StrEnum):
    """What to do at a fire time while a job of the schedule still waits or runs: pass it over, or make one more."""

    SKIP = "skip"
    QUEUE = "queue"


class CatchUp(StrEnum):
    """Which of the fire times that were missed are made up for: none, the last, or all within a bound."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


@attrs.frozen
class Cron:
    """Fire times on the clocks of a time zone, by a cron expression of five fields or of six, seconds first."""

    expression: str
    zone: str = "UTC"


@attrs.frozen
class Every:
    """Fire times a fixed while apart, whatever clocks on walls do; counted from when the rhythm was set."""

    period: timedelta

    def after(self, anchor: datetime, instant: datetime) -> datetime:
        """Return the first fire time behind `instant`."""
        return anchor + max((instant - anchor) // self.period + 1, 1) * self.period

    def latest(self, anchor: datetime, since: datetime, until: datetime, count: int) -> tuple[datetime, ...]:
        """Return the last `count` fire times from `since` to `until`, both included, oldest first."""
        last = (until - anchor) // self.period
        first = max(-((anchor - since) // self.period), 1, last - count + 1)
        return tuple(anchor + turn * self.period for turn in range(first, last + 1))


Rhythm: TypeAlias = Cron | Every


@attrs.frozen(kw_only=True)
class JobTemplate:
    """What each job of a schedule is like. `None` leaves a setting to the task, the queue or the system.

    In the payload a text that is exactly `$fire_at` stands for the fire time, `$schedule` for the schedule's name.
    """

    task: str
    payload: Json = b"{}"
    queue: str | None = None
    priority: int = DEFAULT_PRIORITY
    max_retries: int | None = None
    backoff: Backoff | None = None
    timeout: timedelta | None = None
    tags: tuple[str, ...] = ()
    concurrency_key: str | None = None

    def filled(self, name: str, fire_at: datetime) -> Json:
        """Return the payload with its words filled in; all else stays as it is, to the letter."""
        words = {b'"$fire_at"': fire_at.isoformat(), b'"$schedule"': name}
        if not any(word in self.payload for word in words):
            return self.payload
        texts = {word: json.dumps(text).encode() for word, text in words.items()}
        return _TEXT.sub(partial(_replaced, texts), self.payload)

    def spec(self, name: str, fire_at: datetime, run_at: datetime) -> JobSpec:
        """Return the request for the job of one fire time, as far as the template goes."""
        return JobSpec(
            self.task,
            payload=self.filled(name, fire_at),
            priority=self.priority,
            run_at=run_at,
            backoff=self.backoff,
            tags=self.tags,
            concurrency_key=self.concurrency_key,
        )


@attrs.frozen(kw_only=True)
class ScheduleSettings:
    """What is set for a schedule. `jitter` is the longest that a job's start is put off by chance."""

    rhythm: Rhythm
    job: JobTemplate
    overlap: Overlap = Overlap.SKIP
    catch_up: CatchUp = CatchUp.LAST
    catch_up_limit: int = MADE_UP
    jitter: timedelta = timedelta(0)

    @property
    def made_up(self) -> int:
        """How many missed fire times are made up for at most."""
        match self.catch_up:
            case CatchUp.NONE:
                return 0
            case CatchUp.LAST:
                return 1
            case CatchUp.ALL:
                return self.catch_up_limit

    def fires(self, missed: Sequence[datetime], punctual: Sequence[datetime], *, active: bool) -> tuple[datetime, ...]:
        """Return which fire times make a job, oldest first; `active` tells that one of the schedule waits or runs.

        `missed` holds at least the last `made_up` that were missed. Where jobs may not overlap at most one is made
        at a time, for the newest fire time.
        """
        wanted = (*(missed[-self.made_up :] if self.made_up else ()), *punctual)
        if self.overlap is Overlap.QUEUE:
            return wanted
        return () if active else wanted[-1:]


@attrs.frozen
class Pause:
    """Why a schedule makes no jobs: who stopped it, when, and what for."""

    at: datetime
    by: str | None = None
    reason: str | None = None


@attrs.frozen(kw_only=True)
class Schedule:
    """A schedule and how far it has come. `next_at` is the earliest fire time that nobody has decided on.

    Without one it never fires again; `failure` says why if its rhythm could no longer be worked out, or a job not made.
    """

    id: UUID
    name: str
    settings: ScheduleSettings
    anchor: datetime
    created_at: datetime
    updated_at: datetime
    next_at: datetime | None = None
    last_fire_at: datetime | None = None
    pause: Pause | None = None
    failure: str | None = None
    managed_by_code: bool = False
    user_id: UserId | None = None
    revision: int = 0

    @property
    def etag(self) -> str:
        """Return a value that differs whenever somebody changed the schedule; its firing is no such change."""
        return f"{self.id.hex[:12]}-{self.revision}"

    def stop(self, now: datetime, by: str | None, reason: str | None) -> Self:
        """Pause; one that is paused stays as it was. Raises `InvalidSchedule` for a reason that nobody reads."""
        if reason is not None and len(reason) > REASON_CHARS:
            raise InvalidSchedule((Violation("/reason", f"must have at most {REASON_CHARS} characters", "range"),))
        if self.pause is not None:
            return self
        return self._changed(now, pause=Pause(now, by, None if reason is None else storable(reason)))

    def resume(self, now: datetime, next_at: datetime | None) -> Self:
        """Go on with what comes after `now`: what fell due during a pause is not made up for."""
        return self if self.pause is None else self._changed(now, pause=None, next_at=next_at, failure=None)

    def change(self, settings: ScheduleSettings, now: datetime, next_at: datetime | None) -> Self:
        """Take other settings; another rhythm begins now, and so does one that had to stop."""
        same = settings.rhythm == self.settings.rhythm and self.failure is None
        rhythm = {} if same else {"anchor": now, "next_at": next_at, "failure": None}
        return self._changed(now, settings=settings, **rhythm)

    def advance(self, fired: Sequence[datetime], next_at: datetime | None) -> Self:
        """Leave behind all fire times before `next_at`, of which those in `fired` made a job."""
        last = max(fired, default=self.last_fire_at)
        return attrs.evolve(self, next_at=next_at, last_fire_at=last)

    def fail(self, why: str) -> Self:
        """Fire no more until somebody changes the settings."""
        return attrs.evolve(self, next_at=None, failure=storable(why)[:REASON_CHARS])

    def _changed(self, now: datetime, **changes: Any) -> Self:
        return attrs.evolve(self, updated_at=now, revision=self.revision + 1, **changes)


@attrs.frozen
class Fire:
    """One fire time that made a job; `manual` says that somebody asked for it by hand."""

    schedule_id: UUID
    fire_at: datetime
    job_id: JobId
    manual: bool = False


def _replaced(texts: Mapping[bytes, bytes], found: re.Match[bytes]) -> bytes:
    return texts.get(found[0], found[0])
