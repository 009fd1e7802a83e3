"""However a handler ends, its attempt is recorded as what it was."""

import math
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.worker.world import World

from equeue import Context, Discard, Fixed, Retry, Snooze, Tasks
from equeue.domain.ids import JobId
from equeue.domain.job import Job
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")

    __repr__ = __str__


def task_raising(error: BaseException | type[BaseException], **settings: Any) -> Tasks:
    """Return tasks whose `a.task` raises `error`."""
    tasks = Tasks()

    @tasks.task("a.task", **settings)
    async def handler() -> None:
        raise error

    return tasks


async def run_once(world: World, tasks: Tasks, payload: bytes = b"{}", **fields: Any) -> Job:
    """Run one job's first attempt to its end."""
    await world.start(tasks)
    job_id = await world.enqueue("a.task", payload, **fields)
    await world.until(lambda: world.job(job_id).attempt == 1 and world.job(job_id).status is not JobStatus.RUNNING)
    return world.job(job_id)


def word(world: World, job_id: JobId) -> AttemptOutcome:
    """Return how the job's last attempt is remembered."""
    return world.attempts(job_id)[-1].outcome


async def test_what_a_handler_returns_is_kept(world: World) -> None:
    """The result is the handler's return value as JSON, defaults of the signature filled in."""
    tasks = Tasks()

    @tasks.task("a.task")
    async def add(a: int, b: int = 2) -> dict[str, int]:
        return {"sum": a + b}

    job = await run_once(world, tasks, b'{"a":40}')
    assert (job.status, job.result) == (JobStatus.SUCCEEDED, b'{"sum":42}')


async def test_a_plain_function_runs_beside_the_loop(world: World) -> None:
    """A `def` handler runs in a thread of its own kind, never on the loop's."""
    tasks = Tasks()

    @tasks.task("a.task")
    def handler(ctx: Context) -> str:
        return threading.current_thread().name + str(ctx.attempt)

    job = await run_once(world, tasks)
    assert job.result == b'"equeue-handler-11"'


async def test_an_error_is_retried_after_the_backoff(world: World) -> None:
    """A failure uses up one retry and waits as the task's backoff says."""
    before = world.clock.now()
    job = await run_once(world, task_raising(ValueError("no"), backoff=Fixed(base=7)))
    assert (job.status, job.retry_count, job.run_at - before) == (JobStatus.QUEUED, 1, timedelta(seconds=7))
    assert job.error is not None
    assert (job.error.type, job.error.message) == ("ValueError", "no")
    assert "in handler" in job.error.traceback
    assert word(world, job.id) is AttemptOutcome.FAILED


async def test_a_job_whose_retries_are_used_up_dies(world: World) -> None:
    """After `max_retries` failures beyond the first, the job is a dead letter."""
    await world.start(task_raising(ValueError("no"), max_retries=2, backoff=Fixed(base=1)))
    job_id = await world.enqueue("a.task")
    for _ in range(3):
        await world.timers.move(10)
    await world.until_ended(job_id)
    assert (world.job(job_id).status, world.job(job_id).attempt) == (JobStatus.DEAD, 3)


async def test_discard_gives_up_at_once(world: World) -> None:
    """A handler that knows better does not use its retries."""
    job = await run_once(world, task_raising(Discard("hopeless")))
    assert (job.status, job.attempt) == (JobStatus.DEAD, 1)
    assert job.error is not None
    assert job.error.message == "hopeless"
    assert word(world, job.id) is AttemptOutcome.DISCARDED


async def test_snooze_costs_no_retry(world: World) -> None:
    """A handler may put its job off as often as it likes."""
    before = world.clock.now()
    job = await run_once(world, task_raising(Snooze(90)))
    assert (job.status, job.retry_count, job.run_at - before) == (JobStatus.QUEUED, 0, timedelta(seconds=90))
    assert word(world, job.id) is AttemptOutcome.SNOOZED


async def test_retry_overrules_the_backoff(world: World) -> None:
    """A handler's own wish for the next try goes before the policy."""
    before = world.clock.now()
    job = await run_once(world, task_raising(Retry("later", after=timedelta(minutes=3)), backoff=Fixed(base=1)))
    assert (job.retry_count, job.run_at - before) == (1, timedelta(minutes=3))


async def test_retry_without_a_wish_follows_the_backoff(world: World) -> None:
    """`raise Retry` is a failure like any other, said aloud."""
    before = world.clock.now()
    job = await run_once(world, task_raising(Retry, backoff=Fixed(base=4)))
    assert job.run_at - before == timedelta(seconds=4)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopAsyncIteration()])
async def test_no_exception_of_a_handler_harms_the_worker(world: World, error: BaseException) -> None:
    """Even what would end a program ends only the attempt."""
    tasks = task_raising(error)

    @tasks.task("next.task")
    async def fine() -> None: ...

    job = await run_once(world, tasks)
    assert word(world, job.id) is AttemptOutcome.FAILED
    await world.until_ended(await world.enqueue("next.task"))


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration(1), GeneratorExit()])
async def test_no_exception_of_a_plain_function_harms_the_worker(world: World, error: BaseException) -> None:
    """The same holds in a thread, where some exceptions cannot even be handed over."""
    tasks = Tasks()

    @tasks.task("a.task")
    def handler() -> None:
        raise error

    job = await run_once(world, tasks)
    assert word(world, job.id) is AttemptOutcome.FAILED


async def test_an_exception_that_cannot_be_printed_is_kept_all_the_same(world: World) -> None:
    """An exception whose `__str__` raises is recorded by its type."""
    job = await run_once(world, task_raising(Unspeakable()))
    assert job.error is not None
    assert job.error.type.endswith("Unspeakable")
    assert "RuntimeError" in job.error.message


async def test_a_message_with_nul_and_broken_unicode_is_kept(world: World) -> None:
    """Text that the database cannot hold must not make the settle fail."""
    job = await run_once(world, task_raising(ValueError("a\x00b\ud800c")))
    assert job.error is not None
    assert job.error.message == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"n":"1"}', b'{"n":1,"typo":2}', b'{"n":null}', b"[]", b"{", b'{"n":"\xff"}'], ids=str
)
async def test_a_payload_that_does_not_fit_is_hopeless(world: World, payload: bytes) -> None:
    """Such a job would fail at every attempt, so it is discarded at the first."""
    tasks = Tasks()
    begun = []

    @tasks.task("a.task")
    async def handler(n: int) -> None:
        begun.append(n)

    job = await stored_and_run(world, tasks, payload)
    assert (job.status, word(world, job.id), begun) == (JobStatus.DEAD, AttemptOutcome.DISCARDED, [])
    assert job.error is not None
    assert job.error.type == "PayloadInvalid"


async def stored_and_run(world: World, tasks: Tasks, payload: bytes) -> Job:
    """Run a job whose payload got past every check, as plain SQL might do."""
    job_id = await world.enqueue("a.task")
    world.store.jobs[job_id] = attrs.evolve(world.job(job_id), payload=payload)
    await world.start(tasks)
    await world.until_ended(job_id)
    return world.job(job_id)


class Nameless: ...


def circle() -> list[Any]:
    """Return a list that holds itself."""
    inner: list[Any] = []
    inner.append(inner)
    return inner


@pytest.mark.parametrize(
    "result",
    [
        lambda: math.nan,
        lambda: [{"deep": -math.inf}],
        lambda: "a\x00b",
        lambda: {"a\x00": 1},
        lambda: "\ud800",
        Nameless,
        circle,
        lambda: "x" * 1_048_576,
        lambda: sys.stdout,
    ],
)
async def test_a_result_that_cannot_be_kept_ends_the_job_and_says_why(
    world: World, result: Callable[[], object]
) -> None:
    """Running it again would give the same, so it is discarded, and never left running."""
    tasks = Tasks()

    @tasks.task("a.task")
    async def handler() -> object:
        return result()

    job = await run_once(world, tasks)
    assert (job.status, word(world, job.id)) == (JobStatus.DEAD, AttemptOutcome.DISCARDED)
    assert job.error is not None
    assert job.error.message.startswith("the result cannot be kept: ")
