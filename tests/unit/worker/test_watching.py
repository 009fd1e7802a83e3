"""The heartbeat's thread looks after the loop, and ends the process as the last resort."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import attrs
from tests.unit.worker.world import KeptLog, World

from equeue import Tasks
from equeue.application.binding import bind
from equeue.application.context import Context
from equeue.application.execute import Attempt
from equeue.domain.ids import UUID
from equeue.domain.lease import ClaimOrder
from equeue.domain.outcomes import AttemptOutcome, Succeeded
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules
from equeue.entrypoints.worker.run import Run
from equeue.entrypoints.worker.watching import EXIT_BLOCKED, Blocker, Lookout, LoopWatch

RULES = WorkerRules(cancel_grace=timedelta(seconds=5), lease=timedelta(seconds=60))


class Scene:
    """A loop that answers or not, runs that began, and a process that would end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log = KeptLog()
        self.unanswered: list[Callable[[], Any]] = []
        self.ended: list[int] = []
        self.runs: list[Run] = []
        self.at: asyncio.Task[Any] | None = None
        watch = LoopWatch(world.clock, self.unanswered.append, self.log, lambda: Blocker(self.at, "the stack"))
        parts = world.parts(Tasks())
        self.lookout = Lookout(watch, lambda: self.runs, world.clock, parts.settle, RULES, self.log, self.ended.append)

    async def begin(self, count: int) -> None:
        """Have so many jobs claimed and begun, each with a timeout of ten seconds."""
        tasks = Tasks()

        @tasks.task("a.task")
        async def handler() -> None: ...

        world = self.world
        parts = world.parts(tasks)
        await world.enqueue_all([JobSpec("a.task")] * count, timeout=timedelta(seconds=10))
        order = ClaimOrder(UUID(int=1), ("default",), count, RULES.lease)
        for claim in await world.line.leases.claim(order):
            run = Run(claim, world.clock.monotonic(), world.clock.monotonic() + 60)
            bound = bind(tasks["a.task"], parts.codec)
            run.begin(Attempt(claim, bound, Context(claim, parts.codec.encode, self.log)), world.clock.monotonic())
            run.task = asyncio.create_task(_never())
            self.runs.append(run)

    async def look(self, after: float = 0.0) -> None:
        self.world.clock.move(timedelta(seconds=after))
        await self.lookout.look(self.world.line)

    def answer(self) -> None:
        while self.unanswered:
            self.unanswered.pop(0)()

    def job(self, number: int) -> Any:
        return self.world.job(self.runs[number].claim.job_id)

    def close(self) -> None:
        for run in self.runs:
            assert run.task is not None
            run.task.cancel()


async def _never() -> Any:
    await asyncio.Event().wait()


async def test_a_loop_that_answers_is_left_alone(world: World) -> None:
    """Nothing is said and nobody is stopped, however long the handlers run."""
    scene = Scene(world)
    await scene.begin(1)
    for _ in range(100):
        await scene.look(after=1)
        scene.answer()
    assert (scene.log.lines, scene.ended) == ([], [])
    scene.close()


async def test_a_blocked_loop_is_told_of_once_with_its_stack(world: World) -> None:
    """And once more when it is free again."""
    scene = Scene(world)
    await scene.begin(1)
    for _ in range(5):
        await scene.look(after=1)
    scene.answer()
    await scene.look(after=1)
    assert scene.log.events() == ["loop.blocked", "loop.free"]
    assert scene.log.lines[0][1]["stack"] == "the stack"
    assert scene.ended == []
    scene.close()


async def test_a_process_that_was_itself_stopped_is_not_ended(world: World) -> None:
    """Its loop was asked before a SIGSTOP and could not answer; given a moment after it, it does."""
    scene = Scene(world)
    await scene.begin(1)
    await scene.look()
    asyncio.get_running_loop().call_soon(scene.answer)
    await scene.look(after=100)
    assert scene.ended == []
    scene.close()


async def test_a_handler_that_blocks_beyond_timeout_and_grace_ends_the_process(world: World) -> None:
    """It is timed out; its neighbours are given back uncharged, what they had achieved is written."""
    scene = Scene(world)
    await scene.begin(3)
    scene.at = scene.runs[0].task
    scene.runs[2].ended = Succeeded(b"7")
    await scene.look()
    await scene.look(after=14.9)
    assert scene.ended == []
    await scene.look(after=0.2)
    assert scene.ended == [EXIT_BLOCKED]
    outcomes = [world.attempts(run.claim.job_id)[-1].outcome for run in scene.runs[:2]]
    assert outcomes == [AttemptOutcome.TIMED_OUT, AttemptOutcome.RELEASED]
    assert [scene.job(n).retry_count for n in range(3)] == [1, 0, 0]
    assert (scene.job(2).status, scene.job(2).result) == (JobStatus.SUCCEEDED, b"7")
    scene.close()


async def test_a_blocker_nobody_knows_ends_the_process_too(world: World) -> None:
    """Where the loop is at none of the handlers' own tasks, those beyond their time are held responsible."""
    scene = Scene(world)
    await scene.begin(2)
    scene.runs[1].deadline += 100
    await scene.look()
    await scene.look(after=15.1)
    assert scene.ended == [EXIT_BLOCKED]
    assert [scene.job(n).retry_count for n in range(2)] == [1, 0]
    scene.close()


async def test_a_blocked_worker_that_lost_its_lease_ends(world: World) -> None:
    """Cut off from the database and unable to cancel its handler, it fences itself by ending."""
    scene = Scene(world)
    await scene.begin(1)
    scene.runs[0].deadline += 1000
    scene.at = scene.runs[0].task
    world.line.cut = True
    await scene.look()
    await scene.look(after=59)
    assert scene.ended == []
    await scene.look(after=1.1)
    assert scene.ended == [EXIT_BLOCKED]
    assert attrs.asdict(scene.job(0))["status"] is JobStatus.RUNNING
    scene.close()
