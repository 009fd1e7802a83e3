"""Registering tasks: what an author may write, and what is refused before anything runs."""

import functools
import inspect
from datetime import timedelta
from typing import Any

import pytest

from equeue import Context, Exponential, Fixed, TaskRefused, Tasks
from equeue.application.tasks import task_of


async def plain(ctx: Context, user_id: int, lang: str = "en") -> str:
    """Greet somebody."""
    return f"{ctx.attempt} {user_id} {lang}"


def test_a_decorated_handler_is_the_handler_itself() -> None:
    """Name, signature, docstring and the call itself are what they were."""
    decorated = Tasks().task("greet.user")(plain)
    assert decorated is plain
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert task_of(decorated).id == "greet.user"


def test_settings_are_kept_as_declared() -> None:
    """Durations may be seconds or timedeltas."""
    tasks = Tasks()

    @tasks.task("a.task", queue="mail", max_retries=5, backoff=Fixed(base=3), timeout=1.5, aliases=("old.name",))
    async def handler() -> None: ...

    @tasks.task("b.task", timeout=timedelta(minutes=2))
    def other() -> None: ...

    task = tasks["old.name"]
    assert task is tasks["a.task"] is task_of(handler)
    assert (task.queue, task.max_retries, task.timeout) == ("mail", 5, timedelta(seconds=1.5))
    assert task_of(other).timeout == timedelta(seconds=120)
    assert [each.id for each in tasks] == ["a.task", "b.task"]
    assert len(tasks) == 2


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"id": "Bad Name"}, "1 to 128 of a-z"),
        ({"id": ""}, "1 to 128 of a-z"),
        ({"id": "a" * 129}, "1 to 128 of a-z"),
        ({"queue": "UPPER"}, "1 to 128 of a-z"),
        ({"aliases": ("spaced out",)}, "1 to 128 of a-z"),
        ({"aliases": ("a.task",)}, "alias repeats"),
        ({"max_retries": -1}, "max_retries must be between"),
        ({"max_retries": 1001}, "max_retries must be between"),
        ({"timeout": 0}, "timeout must be between"),
        ({"timeout": 86_401}, "timeout must be between"),
        ({"isolation": "thread"}, "isolation must be"),
        ({"backoff": Exponential(base=-1)}, "backoff base must be between"),
        ({"backoff": Exponential(factor=float("nan"))}, "backoff factor must be between"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(settings: dict[str, Any], word: str) -> None:
    """The message names the task, the handler and what to change."""
    with pytest.raises(TaskRefused, match=word):
        Tasks().task(**{"id": "a.task", **settings})(lambda: None)


def test_an_id_belongs_to_one_handler() -> None:
    """Two handlers under one id or alias would make it a matter of luck which runs."""
    tasks = Tasks()
    tasks.task("a.task", aliases=("b.task",))(lambda: None)
    for taken in ("a.task", "b.task"):
        with pytest.raises(TaskRefused, match="registered twice"):
            tasks.task(taken)(lambda: None)
    with pytest.raises(TaskRefused, match="registered twice"):
        tasks.task("c.task", aliases=("a.task",))(lambda: None)
    assert [each.id for each in tasks] == ["a.task"]


def test_a_handler_belongs_to_one_id() -> None:
    """A second id is said as an alias."""
    tasks = Tasks()
    handler = tasks.task("a.task")(lambda: None)
    with pytest.raises(TaskRefused, match=r"already is the task 'a\.task'"):
        tasks.task("b.task")(handler)


def test_a_generator_is_no_handler() -> None:
    """It would never run."""

    async def steps() -> Any:
        yield 1

    with pytest.raises(TaskRefused, match="does not yield"):
        Tasks().task("a.task")(steps)


def test_a_method_may_be_a_handler() -> None:
    """Whatever can be called can be registered, even where it cannot be marked."""

    class Mailer:
        def send(self, to: str) -> str:
            return to

    tasks = Tasks()
    tasks.task("mail.send")(Mailer().send)
    assert tasks["mail.send"].handler("x") == "x"


def test_sets_of_tasks_can_be_joined() -> None:
    """Joining twice is harmless; joining two of one name is refused."""
    one, other, clash = Tasks(), Tasks(), Tasks()
    one.task("a.task")(lambda: None)
    other.task("b.task")(lambda: None)
    clash.task("a.task")(lambda: None)
    one.include(other)
    one.include(other)
    assert [each.id for each in one] == ["a.task", "b.task"]
    with pytest.raises(TaskRefused, match="registered twice"):
        one.include(clash)


def test_only_a_task_has_a_task() -> None:
    """A plain function is told how to become one."""
    with pytest.raises(TaskRefused, match="decorate it"):
        task_of(functools.partial(print))
