"""Limits of time are cancellation, and why an attempt was stopped is never mixed up."""

import asyncio
import threading
from datetime import timedelta

import pytest
from tests.unit.worker.world import World

from equeue import Context, Tasks
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.application.manage import ManageJobs
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

GRACE = WorkerRules(cancel_grace=timedelta(seconds=5), concurrency=1)


class Scene:
    """A handler that a test holds by the hand."""

    def __init__(
        self, *, timeout: float = 30, ignores_cancel: bool = False, returns_after_cancel: bool = False
    ) -> None:
        self.tasks = Tasks()
        self.begun = 0
        self.cleaned = 0
        self.go = asyncio.Event()
        self.contexts: list[Context] = []

        @self.tasks.task("a.task", timeout=timeout, max_retries=1)
        async def handler(ctx: Context) -> str:
            self.begun += 1
            self.contexts.append(ctx)
            while True:
                try:
                    await self.go.wait()
                except asyncio.CancelledError:
                    if returns_after_cancel:
                        return "after all"
                    if not ignores_cancel:
                        raise
                else:
                    return "late" if ctx.cancelled else "done"
                finally:
                    self.cleaned += 1

        @self.tasks.task("other.task")
        async def other() -> None: ...


async def test_a_handler_is_cancelled_at_its_timeout(world: World) -> None:
    """The attempt is timed out, its `finally` ran, and the job is retried."""
    scene = Scene(timeout=10)
    await world.start(scene.tasks, GRACE)
    job_id = await world.enqueue("a.task")
    await world.timers.move(9)
    assert world.job(job_id).status is JobStatus.RUNNING
    await world.timers.move(1.1)
    job = world.job(job_id)
    assert (job.status, job.retry_count, scene.cleaned) == (JobStatus.QUEUED, 1, 1)
    (attempt,) = world.attempts(job_id)
    assert attempt.outcome is AttemptOutcome.TIMED_OUT
    assert attempt.error is not None
    assert attempt.error.type == "TimeoutError"
    assert "await self.go.wait()" in attempt.error.traceback


async def test_the_timeout_runs_from_when_the_handler_began(world: World) -> None:
    """Time spent waiting for a slot is not the handler's."""
    scene = Scene(timeout=10)
    await world.start(scene.tasks, GRACE)
    await world.enqueue("a.task", timeout=timedelta(seconds=6))
    second = await world.enqueue("a.task", max_retries=0)
    await world.timers.move(6.1)
    await world.timers.move(9)
    assert world.job(second).status is JobStatus.RUNNING
    await world.timers.move(1.1)
    assert world.job(second).status is JobStatus.DEAD


async def test_a_result_that_comes_after_the_timeout_does_not_count(world: World) -> None:
    """Past its timeout an attempt is timed out, whatever the handler says then."""
    scene = Scene(timeout=10, returns_after_cancel=True)
    await world.start(scene.tasks, GRACE)
    job_id = await world.enqueue("a.task")
    await world.timers.move(10.1)
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.TIMED_OUT


async def test_a_handler_that_ignores_cancellation_loses_its_slot(world: World) -> None:
    """After the grace the slot is given to others, the handler is reported, and its late result changes nothing."""
    scene = Scene(timeout=10, ignores_cancel=True)
    await world.start(scene.tasks, GRACE)
    job_id = await world.enqueue("a.task", max_retries=0)
    await world.timers.move(10.1)
    assert world.job(job_id).status is JobStatus.RUNNING
    await world.timers.move(5.1)
    dead = world.job(job_id)
    assert (dead.status, "handler.stuck" in world.log.events()) == (JobStatus.DEAD, True)
    await world.until_ended(await world.enqueue("other.task"))
    scene.go.set()
    await world.until(lambda: "handler.late" in world.log.events())
    assert world.job(job_id) == dead


async def test_a_thread_that_ignores_cancellation_loses_its_slot(world: World) -> None:
    """A plain function cannot be stopped; others get its slot and a thread, and its late result changes nothing."""
    tasks, release = Tasks(), threading.Event()

    @tasks.task("a.task", timeout=10)
    def handler() -> str:
        release.wait(30)
        return "late"

    @tasks.task("other.task")
    def other() -> None: ...

    await world.start(tasks, GRACE)
    job_id = await world.enqueue("a.task", max_retries=0)
    await world.until(lambda: world.job(job_id).status is JobStatus.RUNNING)
    await world.timers.move(10.1)
    await world.timers.move(5.1)
    await world.until_ended(job_id, await world.enqueue("other.task"))
    release.set()
    await world.until(lambda: "handler.late" in world.log.events())
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.TIMED_OUT
    assert world.job(job_id).result is None


async def test_a_plain_function_may_look_whether_it_should_stop(world: World) -> None:
    """`ctx.cancelled` turns true at the timeout."""
    tasks = Tasks()
    begun, ended = threading.Event(), threading.Event()

    @tasks.task("a.task", timeout=10)
    def handler(ctx: Context) -> None:
        begun.set()
        while not ctx.cancelled:
            ended.wait(0.001)
        ended.set()

    await world.start(tasks, GRACE)
    job_id = await world.enqueue("a.task", max_retries=0)
    await world.until(begun.is_set)
    await world.timers.move(10.1)
    await world.until_ended(job_id)
    assert ended.is_set()


async def test_a_cancel_request_stops_the_handler(world: World) -> None:
    """The worker is told by signal, and the attempt is cancelled, not failed."""
    scene = Scene()
    await world.start(scene.tasks)
    job_id = await world.enqueue("a.task")
    await world.until(lambda: scene.begun == 1)
    await world.manage.cancel([job_id])
    await world.until_ended(job_id)
    assert (world.job(job_id).status, scene.cleaned) == (JobStatus.CANCELLED, 1)
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.CANCELLED
    assert scene.contexts[0].cancelled


async def test_a_cancel_request_whose_signal_was_lost_comes_with_the_heartbeat(world: World) -> None:
    """Signals are hints: the heartbeat's answer carries the request at the latest."""
    scene = Scene(timeout=300)
    await world.start(scene.tasks)
    job_id = await world.enqueue("a.task")
    await world.until(lambda: scene.begun == 1)
    await ManageJobs(world.units, MemoryJobQueue()).cancel([job_id])
    await world.timers.move(11)
    assert world.job(job_id).status is JobStatus.CANCELLED


async def test_success_wins_over_a_cancel_request(world: World) -> None:
    """A handler that finished its work although it was asked to stop has succeeded."""
    scene = Scene(returns_after_cancel=True)
    await world.start(scene.tasks)
    job_id = await world.enqueue("a.task")
    await world.until(lambda: scene.begun == 1)
    await world.manage.cancel([job_id])
    await world.until_ended(job_id)
    assert (world.job(job_id).status, world.job(job_id).result) == (JobStatus.SUCCEEDED, b'"after all"')


async def test_a_handler_that_cancels_itself_has_failed(world: World) -> None:
    """Only the worker's own word makes a cancellation a timeout, a cancel or a shutdown."""
    tasks = Tasks()

    @tasks.task("a.task", max_retries=0)
    async def handler() -> None:
        raise asyncio.CancelledError

    await world.start(tasks)
    job_id = await world.enqueue("a.task")
    await world.until_ended(job_id)
    assert (world.job(job_id).status, world.attempts(job_id)[0].outcome) == (JobStatus.DEAD, AttemptOutcome.FAILED)


async def test_limits_inside_a_handler_are_its_own(world: World) -> None:
    """`asyncio.timeout` in a handler works from its very first step."""
    tasks = Tasks()

    @tasks.task("a.task")
    async def handler() -> str:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        return "mine"

    await world.start(tasks)
    job_id = await world.enqueue("a.task")
    await world.until_ended(job_id)
    assert world.job(job_id).result == b'"mine"'
