"""Middleware wraps every run, whatever kind of handler it is."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import attrs
from tests.unit.worker.world import World

from equeue import Context, Fixed, Task, Tasks
from equeue.application.middleware import logged, timed, traced
from equeue.application.tasks import Call
from equeue.domain.status import JobStatus


def small() -> Tasks:
    """Return one task of each kind, and one that fails."""
    tasks = Tasks()

    @tasks.task("async.task")
    async def one() -> str:
        return "async"

    @tasks.task("plain.task")
    def other() -> str:
        return "plain"

    @tasks.task("bad.task", max_retries=0)
    async def bad() -> None:
        raise ValueError("no")

    return tasks


async def run_all(world: World, tasks: Tasks) -> None:
    """Run one job of each task."""
    await world.start(tasks, middleware=tasks.layers)
    for task in tasks:
        await world.until_ended(await world.enqueue(task.id))


async def test_the_first_registered_is_outermost(world: World) -> None:
    """Each sees the task, the context and the result; joining sets joins their middleware, once."""
    tasks, other = small(), Tasks()
    seen: list[str] = []

    def layer(name: str) -> Any:
        async def around(task: Task, context: Context, call: Call) -> Any:
            seen.append(f"{name} {task.id} {context.attempt}")
            result = await call()
            seen.append(f"{name} {result}")
            return result

        return around

    tasks.middleware(layer("outer"))
    other.middleware(layer("inner"))
    tasks.include(other)
    tasks.include(other)
    await run_all(world, tasks)
    assert seen[:8] == [
        "outer async.task 1",
        "inner async.task 1",
        "inner async",
        "outer async",
        "outer plain.task 1",
        "inner plain.task 1",
        "inner plain",
        "outer plain",
    ]


async def test_what_middleware_raises_or_returns_is_the_attempts(world: World) -> None:
    """It may change the result, and its errors follow the task's policy."""
    tasks = small()

    @tasks.middleware
    async def around(task: Task, ctx: Context, call: Call) -> Any:
        if task.id == "plain.task" and ctx.attempt == 1:
            raise RuntimeError("not yet")
        return [await call()]

    await world.start(tasks, middleware=tasks.layers)
    changed, delayed = await world.enqueue("async.task"), await world.enqueue("plain.task")
    job = world.job(delayed)
    world.store.jobs[delayed] = attrs.evolve(job, backoff=Fixed(base=1))
    await world.until_ended(changed)
    await world.timers.move(7)
    await world.until_ended(delayed)
    assert (world.job(changed).result, world.job(delayed).result) == (b'["async"]', b'["plain"]')
    assert world.job(delayed).attempt == 2


async def test_cancellation_reaches_through_middleware(world: World) -> None:
    """A timeout is a timeout with or without it."""
    tasks = Tasks()

    @tasks.task("slow.task", timeout=5, max_retries=0)
    async def slow() -> None:
        await asyncio.Event().wait()

    tasks.middleware(logged())
    await world.start(tasks, middleware=tasks.layers)
    job_id = await world.enqueue("slow.task")
    await world.timers.move(6)
    assert world.job(job_id).status is JobStatus.DEAD
    assert world.attempts(job_id)[0].outcome == "timed_out"


async def test_runs_can_be_logged(world: World) -> None:
    """One line before, one after, each bound to its job."""
    tasks = small()
    tasks.middleware(logged())
    await run_all(world, tasks)
    told = [(event, fields["task"]) for event, fields in world.log.lines if event.startswith("task.")]
    assert told == [
        ("task.began", "async.task"),
        ("task.returned", "async.task"),
        ("task.began", "plain.task"),
        ("task.returned", "plain.task"),
        ("task.began", "bad.task"),
        ("task.raised", "bad.task"),
    ]


async def test_runs_can_be_timed(world: World) -> None:
    """By the clock that the worker lives by."""
    tasks, told = Tasks(), list[tuple[str, float, bool]]()

    @tasks.task("slow.task")
    async def slow() -> None:
        world.clock.move(timedelta(seconds=3))

    @tasks.task("bad.task", max_retries=0)
    async def bad() -> None:
        raise ValueError("no")

    tasks.middleware(timed(world.clock, lambda task, seconds, returned: told.append((task, seconds, returned))))
    await run_all(world, tasks)
    assert told == [("slow.task", 3.0, True), ("bad.task", 0.0, False)]


async def test_runs_can_be_traced(world: World) -> None:
    """The span is a child of whoever enqueued the job."""
    tasks, spans = small(), list[tuple[str, str | None]]()

    @contextmanager
    def span(task: str, traceparent: str | None) -> Iterator[None]:
        spans.append((task, traceparent))
        yield

    tasks.middleware(traced(span))
    await world.start(tasks, middleware=tasks.layers)
    job_id = await world.enqueue("async.task", queue="elsewhere")
    world.store.jobs[job_id] = attrs.evolve(world.job(job_id), queue="default", traceparent="00-a-b-01")
    await world.timers.move(6)
    await world.until_ended(job_id)
    assert spans == [("async.task", "00-a-b-01")]
