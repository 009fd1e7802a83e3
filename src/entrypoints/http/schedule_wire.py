"""The forms of schedules on the wire."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ...domain import schedule, spec
from ...domain.retry import MAX_RETRIES
from . import wire

Expression = Annotated[
    str,
    Meta(
        max_length=schedule.CRON_CHARS,
        description="minute hour day month weekday, or second first; `@hourly`, `@daily` and their like",
    ),
]
Zone = Annotated[str, Meta(max_length=schedule.ZONE_CHARS, description="such as Europe/Berlin")]
Period = Annotated[float, Meta(ge=schedule.SHORTEST_PERIOD.total_seconds(), le=schedule.LONGEST_PERIOD.total_seconds())]
Jitter = Annotated[float, Meta(ge=0, le=schedule.LONGEST_JITTER.total_seconds())]
Count = Annotated[int, Meta(ge=1, le=100)]


class ScheduleJob(Struct, forbid_unknown_fields=True, kw_only=True):
    """What each job is like; what is left out is the task's setting, the queue's or the system's.

    In the payload a text that is exactly `$fire_at` stands for the fire time, `$schedule` for the schedule's name.
    """

    task: wire.Name
    payload: wire.Payload | UnsetType = UNSET
    queue: wire.Name | None = None
    priority: Annotated[int, Meta(ge=0, le=spec.LOWEST_PRIORITY)] = spec.DEFAULT_PRIORITY
    max_retries: Annotated[int, Meta(ge=0, le=MAX_RETRIES)] | None = None
    backoff: wire.Backoff | None = None
    timeout_s: wire.Timeout | None = None
    tags: Annotated[list[str], Meta(max_length=spec.TAGS)] = []
    concurrency_key: str | None = None


class RhythmForm(Struct, forbid_unknown_fields=True, kw_only=True):
    """When it fires: by `cron` on the clocks of `zone`, or `every_s` seconds. One of the two."""

    cron: Expression | None = None
    zone: Zone = "UTC"
    every_s: Period | None = None


class ScheduleForm(RhythmForm, kw_only=True):
    """What is set for a schedule. Of the fire times that were missed by more than a minute `catch_up` makes up."""

    job: ScheduleJob
    overlap: schedule.Overlap = schedule.Overlap.SKIP
    catch_up: schedule.CatchUp = schedule.CatchUp.LAST
    catch_up_limit: Annotated[int, Meta(ge=1, le=schedule.MOST_MADE_UP)] = schedule.MADE_UP
    jitter_s: Jitter = 0.0


class NewSchedule(ScheduleForm, kw_only=True):
    """A schedule to be made."""

    name: wire.Name


class SchedulePauseOut(Struct):
    """Who stopped a schedule, when and why."""

    at: wire.Instant
    by: str | None
    reason: str | None


class FireOut(Struct):
    """A fire time that made a job; `manual` if somebody asked for it by hand."""

    fire_at: wire.Instant
    job_id: wire.Id
    manual: bool


class ScheduleOut(Struct, kw_only=True):
    """A schedule. `next_at` is its next fire time, `null` if there is none; `failure` says why if it had to stop."""

    id: wire.Id
    name: str
    cron: str | None
    zone: str
    every_s: float | None
    words: str
    job: ScheduleJob
    overlap: schedule.Overlap
    catch_up: schedule.CatchUp
    catch_up_limit: int
    jitter_s: float
    next_at: wire.Instant | None
    last_fire_at: wire.Instant | None
    paused: SchedulePauseOut | None
    failure: str | None
    managed_by: Literal["api", "code"]
    created_at: wire.Instant
    updated_at: wire.Instant
    etag: str
    fires: list[FireOut] | UnsetType = UNSET


class NextFire(Struct):
    """A schedule that fires, and when it does next."""

    id: wire.Id
    name: str
    words: str
    task: str
    next_at: wire.Instant


class ScheduleList(Struct):
    """One page of schedules, by name; `next_after` leads to the next page."""

    items: list[ScheduleOut]
    has_more: bool
    next_after: str | None


class SchedulePauseRequest(Struct, forbid_unknown_fields=True):
    """Why a schedule is paused, for those who look at it later."""

    reason: Annotated[str, Meta(max_length=spec.REASON_CHARS)] | None = None


class SchedulePreviewRequest(RhythmForm, kw_only=True):
    """A rhythm, and how many of its fire times to show, from now on or behind `after`."""

    count: Count = 5
    after: wire.Moment | None = None


class FireTime(Struct):
    """A fire time, what the clocks of the time zone show then, and what a change of theirs does to it."""

    fire_at: wire.Instant
    local: str
    note: str | None


class SchedulePreview(Struct):
    """When a rhythm fires next; `clocks` says in words what happens when clocks change."""

    words: str
    clocks: str
    items: list[FireTime]
