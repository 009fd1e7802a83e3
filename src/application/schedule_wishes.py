"""What an author may say of a schedule in code: `tasks.schedule("nightly", build, cron="0 2 * * *")`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

from ..domain.errors import InvalidJob
from ..domain.retry import Backoff
from ..domain.schedule import MADE_UP, CatchUp, Cron, Every, JobTemplate, Overlap, Rhythm, ScheduleSettings
from ..domain.schedule_rules import check_schedule
from ..domain.spec import DEFAULT_PRIORITY
from .ports.schedules import ScheduleDeclaration
from .verdicts import Duration, duration

SOME_TIME = datetime(2024, 1, 1, tzinfo=UTC)


class ScheduleRefused(ValueError):
    """A schedule cannot be declared as its author wrote it; the message says what to change."""


class ScheduleWishes(TypedDict, total=False):
    """When a schedule fires, and what its jobs are like.

    One of the two: `cron`, an expression of five fields or of six with the second first, on the clocks of `zone` (UTC
    unless given); or `every`, seconds or a timedelta. `overlap`: pass a fire time over (`"skip"`, unless given) or make
    one more job (`"queue"`) while one waits or runs. `catch_up`: of the fire times that were missed make up for
    `"none"`, the `"last"` (unless given), or `"all"` within `catch_up_limit`. `jitter`: the longest that a start is put
    off by chance. The others are as in `Wishes`.
    """

    cron: str
    zone: str
    every: Duration
    overlap: Literal["skip", "queue"]
    catch_up: Literal["none", "last", "all"]
    catch_up_limit: int
    jitter: Duration
    queue: str
    priority: int
    max_retries: int
    backoff: Backoff
    timeout: Duration
    tags: Sequence[str]
    concurrency_key: str


_KNOWN = ScheduleWishes.__annotations__.keys()


def declared_schedule(name: str, task: str, payload: Mapping[str, Any], wishes: ScheduleWishes) -> ScheduleDeclaration:
    """Return the declaration; raise `ScheduleRefused` if it breaks a rule. Its cron expression is read by workers."""
    if not wishes.keys() <= _KNOWN:
        raise TypeError(f"no such option: {', '.join(sorted(wishes.keys() - _KNOWN))}")
    try:
        settings = ScheduleSettings(
            rhythm=_rhythm(wishes),
            job=_template(task, payload, wishes),
            overlap=Overlap(wishes.get("overlap", Overlap.SKIP)),
            catch_up=CatchUp(wishes.get("catch_up", CatchUp.LAST)),
            catch_up_limit=wishes.get("catch_up_limit", MADE_UP),
            jitter=duration(wishes.get("jitter", 0)),
        )
        check_schedule(name, settings, now=SOME_TIME)
    except (InvalidJob, ValueError, TypeError) as refused:
        raise ScheduleRefused(f"schedule '{name}': {refused}") from refused
    return ScheduleDeclaration(name=name, settings=settings)


def _rhythm(wishes: ScheduleWishes) -> Rhythm:
    if ("cron" in wishes) == ("every" in wishes):
        raise ScheduleRefused("give cron or every, and only one of them")
    if "cron" in wishes:
        return Cron(wishes["cron"], wishes.get("zone", "UTC"))
    return Every(duration(wishes["every"]))


def _template(task: str, payload: Mapping[str, Any], wishes: ScheduleWishes) -> JobTemplate:
    return JobTemplate(
        task=task,
        payload=json.dumps(dict(payload), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(),
        queue=wishes.get("queue"),
        priority=wishes.get("priority", DEFAULT_PRIORITY),
        max_retries=wishes.get("max_retries"),
        backoff=wishes.get("backoff"),
        timeout=duration(wishes["timeout"]) if "timeout" in wishes else None,
        tags=tuple(wishes.get("tags", ())),
        concurrency_key=wishes.get("concurrency_key"),
    )
