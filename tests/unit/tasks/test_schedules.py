"""Schedules declared in code: what may be wished for, and what is refused where it is written."""

from datetime import timedelta
from typing import Any

import pytest

from equeue import Exponential, Tasks
from equeue.application.schedule_wishes import ScheduleRefused
from equeue.domain.schedule import CatchUp, Cron, Every, JobTemplate, Overlap


def a_task() -> None:
    """Do nothing."""


def some_tasks() -> Tasks:
    """Return a set with one task."""
    tasks = Tasks()
    tasks.task("a.b")(a_task)
    return tasks


def test_every_wish_is_heard() -> None:
    """With a handler, a task or its id."""
    tasks = some_tasks()
    tasks.schedule(
        "whole",
        a_task,
        {"n": 1},
        cron="0 2 * * *",
        zone="Europe/Berlin",
        overlap="queue",
        catch_up="all",
        catch_up_limit=7,
        jitter=5,
        queue="mail",
        priority=1,
        max_retries=2,
        backoff=Exponential(base=1.0),
        timeout=timedelta(seconds=9),
        tags=["x"],
        concurrency_key="k",
    )
    tasks.schedule("plain", tasks["a.b"], every=0.5)
    tasks.schedule("named", "c.d", every=timedelta(hours=1))
    whole, plain, named = tasks.schedules
    settings = whole.settings
    assert (whole.name, settings.rhythm) == ("whole", Cron("0 2 * * *", "Europe/Berlin"))
    assert (settings.overlap, settings.catch_up, settings.catch_up_limit) == (Overlap.QUEUE, CatchUp.ALL, 7)
    assert settings.jitter == timedelta(seconds=5)
    assert settings.job == JobTemplate(
        task="a.b",
        payload=b'{"n":1}',
        queue="mail",
        priority=1,
        max_retries=2,
        backoff=Exponential(base=1.0),
        timeout=timedelta(seconds=9),
        tags=("x",),
        concurrency_key="k",
    )
    assert (plain.settings.rhythm, plain.settings.job.task) == (Every(timedelta(seconds=0.5)), "a.b")
    assert (named.settings.overlap, named.settings.job.task) == (Overlap.SKIP, "c.d")


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"cron": "* * * * *", "every": 1},
        {"every": 0},
        {"every": 1, "overlap": "sometimes"},
        {"every": 1, "catch_up_limit": 0},
        {"every": 1, "queue": "Upper"},
        {"cron": ""},
    ],
)
def test_what_breaks_a_rule_is_refused(wishes: dict[str, Any]) -> None:
    """Where it is written, with its name."""
    with pytest.raises(ScheduleRefused, match="schedule 'n'"):
        some_tasks().schedule("n", a_task, **wishes)


def test_an_unknown_wish_is_a_mistake() -> None:
    """A typo is never ignored."""
    typo: dict[str, Any] = {"evry": 1}
    with pytest.raises(TypeError, match="evry"):
        some_tasks().schedule("n", a_task, **typo)


def test_a_name_is_declared_once() -> None:
    """Within a set and across those that it includes; the same set twice is fine."""
    tasks, others = some_tasks(), Tasks()
    others.schedule("n", "a.b", every=1)
    tasks.include(others)
    tasks.include(others)
    assert [each.name for each in tasks.schedules] == ["n"]
    with pytest.raises(ScheduleRefused, match="twice"):
        tasks.schedule("n", a_task, every=1)
