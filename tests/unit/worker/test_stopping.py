"""A worker that is told to stop loses nothing and charges nobody."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from tests.unit.worker.world import World, breathe

from equeue import Fixed, Tasks
from equeue.domain.lease import Claim, ClaimOrder
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

RULES = WorkerRules(drain_grace=timedelta(seconds=30), cancel_grace=timedelta(seconds=5), concurrency=2)


class Slow:
    def __init__(self, *, ignores_cancel: bool = False) -> None:
        self.tasks = Tasks()
        self.go = asyncio.Event()
        self.began = 0

        @self.tasks.task("slow.task", timeout=3600)
        async def handler() -> None:
            self.began += 1
            while True:
                try:
                    await self.go.wait()
                except asyncio.CancelledError:
                    if not ignores_cancel:
                        raise
                else:
                    return


async def test_what_runs_may_end_within_the_grace(world: World) -> None:
    """Running handlers go on while the worker drains, under leases that are kept alive; nothing new is claimed."""
    slow = Slow()
    worker = await world.start(slow.tasks, RULES)
    running = await world.enqueue("slow.task")
    await world.until(lambda: slow.began == 1)
    worker.stop()
    await breathe()
    queued = await world.enqueue("slow.task")
    await world.timers.move(20)
    slow.go.set()
    assert await world.stop() == [0]
    assert (world.job(running).status, world.job(queued).status) == (JobStatus.SUCCEEDED, JobStatus.QUEUED)
    assert world.job(queued).attempt == 0


async def test_what_does_not_end_within_the_grace_is_given_back(world: World) -> None:
    """A handler cut short by the shutdown costs its job no retry, and the job is due at once."""
    slow = Slow()
    worker = await world.start(slow.tasks, RULES)
    job_id = await world.enqueue("slow.task")
    await world.until(lambda: slow.began == 1)
    began, stopped_at = world.clock.monotonic(), None
    worker.stop()
    while world.job(job_id).status is JobStatus.RUNNING:
        await world.timers.move(0.5)
        stopped_at = world.clock.monotonic()
    assert await world.stop() == [0]
    job = world.job(job_id)
    assert (job.status, job.retry_count, job.run_at <= world.clock.now()) == (JobStatus.QUEUED, 0, True)
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.RELEASED
    assert stopped_at is not None
    assert stopped_at - began <= 30


async def test_what_has_not_begun_is_given_back_at_once(world: World) -> None:
    """Claims that wait for a slot are released before anything is waited for."""
    slow = Slow()
    worker = await world.start(slow.tasks, RULES)
    first = [await world.enqueue("slow.task") for _ in range(2)]
    await world.until(lambda: slow.began == 2)
    waiting = await world.enqueue("slow.task")
    await world.hand_over(worker)
    assert world.job(waiting).status is JobStatus.RUNNING
    worker.stop()
    await breathe()
    assert (world.job(waiting).status, world.attempts(waiting)[0].started_at) == (JobStatus.QUEUED, None)
    assert all(world.job(job_id).status is JobStatus.RUNNING for job_id in first)
    slow.go.set()


async def test_a_second_word_hurries(world: World) -> None:
    """Then running handlers are cancelled at once, and still given back."""
    slow = Slow()
    worker = await world.start(slow.tasks, RULES)
    job_id = await world.enqueue("slow.task")
    await world.until(lambda: slow.began == 1)
    worker.stop()
    await breathe()
    worker.hurry()
    await world.until(lambda: world.job(job_id).status is JobStatus.QUEUED)
    assert world.clock.monotonic() == 0
    assert await world.stop() == [0]


async def test_a_handler_that_ignores_the_shutdown_is_given_back_all_the_same(world: World) -> None:
    """Its late end is dropped by the fence; the worker does not wait for it."""
    slow = Slow(ignores_cancel=True)
    worker = await world.start(slow.tasks, RULES)
    job_id = await world.enqueue("slow.task")
    await world.until(lambda: slow.began == 1)
    worker.stop()
    await world.timers.move(31)
    assert (world.job(job_id).status, worker.stuck) == (JobStatus.QUEUED, 1)
    assert await world.stop() == [0]
    slow.go.set()
    await breathe()


async def test_an_idle_worker_stops_at_once(world: World) -> None:
    """There is nothing to wait for."""
    worker = await world.start(Slow().tasks, RULES)
    worker.stop()
    await world.until(lambda: "worker.stopped" in world.log.events())
    assert world.clock.monotonic() == 0


async def test_a_burst_ends_when_nothing_is_due(world: World) -> None:
    """What is due now is run, retries that come later are left to others, and the worker stops by itself."""
    tasks = Tasks()

    @tasks.task("short.task", backoff=Fixed(base=60))
    async def handler(n: int) -> int:
        if n == 3:
            raise ValueError("later")
        return n

    ids = await world.enqueue_all([JobSpec("short.task", b'{"n":%d}' % n, backoff=Fixed(base=60)) for n in range(10)])
    await world.start(tasks, WorkerRules(burst=True, concurrency=2))
    await world.until(lambda: "worker.stopped" in world.log.events())
    statuses = [world.job(job_id).status for job_id in ids]
    assert statuses.count(JobStatus.SUCCEEDED) == 9
    assert statuses[3] is JobStatus.QUEUED
    assert world.clock.monotonic() == 0


async def test_a_worker_may_stop_after_so_many_jobs(world: World) -> None:
    """As a guard against handlers that leak; what it holds beyond that is finished or given back."""
    tasks = Tasks()

    @tasks.task("short.task")
    async def handler() -> None: ...

    await world.start(tasks, WorkerRules(max_jobs=5, concurrency=2))
    ids = await world.enqueue_all([JobSpec("short.task")] * 50)
    await world.until(lambda: "worker.stopped" in world.log.events())
    statuses = [world.job(job_id).status for job_id in ids]
    assert 5 <= statuses.count(JobStatus.SUCCEEDED) < 50
    assert set(statuses) == {JobStatus.SUCCEEDED, JobStatus.QUEUED}


async def test_a_claim_that_was_under_way_is_given_back(world: World) -> None:
    """What the database leased just before the word came begins nowhere here."""
    slow = Slow()
    worker = await world.start(slow.tasks, RULES)
    await breathe()
    answered = asyncio.Event()
    claim = world.line.leases.claim

    async def held_up(order: ClaimOrder, only: object = None) -> Sequence[Claim]:  # noqa: ARG001 - the port asks for it
        claims = await claim(order)
        await answered.wait()
        return claims

    world.line.instead["claim"] = held_up
    job_id = await world.enqueue("slow.task")
    await world.until(lambda: world.job(job_id).status is JobStatus.RUNNING)
    worker.stop()
    await breathe()
    answered.set()
    assert await world.stop() == [0]
    assert (slow.began, world.job(job_id).status, world.job(job_id).retry_count) == (0, JobStatus.QUEUED, 0)
