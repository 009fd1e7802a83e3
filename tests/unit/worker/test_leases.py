"""A worker runs a job only while it holds the lease, and keeps the lease only while it runs the job."""

import asyncio
from datetime import timedelta

import attrs
from tests.unit.worker.world import World

from equeue import Context, Tasks
from equeue.domain.ids import UUID, JobId
from equeue.domain.lease import ClaimOrder
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

LEASE = WorkerRules(lease=timedelta(seconds=30), heartbeat=timedelta(seconds=10))


class Long:
    """A task that runs until told to end."""

    def __init__(self) -> None:
        self.tasks = Tasks()
        self.go = asyncio.Event()
        self.began: list[int] = []
        self.cancelled: list[int] = []
        self.contexts: list[Context] = []

        @self.tasks.task("long.task", timeout=3600)
        async def handler(ctx: Context) -> int:
            self.began.append(ctx.attempt)
            self.contexts.append(ctx)
            try:
                await self.go.wait()
            except asyncio.CancelledError:
                self.cancelled.append(ctx.attempt)
                raise
            return ctx.attempt

    async def started(self, world: World, rules: WorkerRules = LEASE) -> JobId:
        await world.start(self.tasks, rules)
        job_id = await world.enqueue("long.task")
        await world.until(lambda: bool(self.began))
        return job_id


async def test_a_long_handler_keeps_its_lease(world: World) -> None:
    """Heartbeats extend the lease for as long as the handler runs."""
    long = Long()
    job_id = await long.started(world)
    await world.timers.move(300)
    assert (world.job(job_id).status, world.job(job_id).lease_token, long.began) == (JobStatus.RUNNING, 1, [1])
    long.go.set()
    await world.until_ended(job_id)
    assert world.job(job_id).result == b"1"


async def test_a_short_handler_needs_no_heartbeat(world: World) -> None:
    """A job that ends before its lease needs extending costs no heartbeat."""
    tasks = Tasks()

    @tasks.task("short.task")
    async def handler() -> None: ...

    await world.start(tasks)
    await world.until_ended(await world.enqueue("short.task"))
    await world.timers.move(60)
    assert world.heart_line.calls == []


async def test_a_lost_lease_stops_the_handler(world: World) -> None:
    """Once the heartbeat hears that the lease is gone, the handler is cancelled and nothing more is written."""
    long = Long()
    job_id = await long.started(world)
    taken = attrs.evolve(world.job(job_id), lease_token=2, worker_id=None)
    world.store.jobs[job_id] = attrs.evolve(taken, lease_expires_at=world.clock.now() + timedelta(days=1))
    other = world.job(job_id)
    await world.timers.move(11)
    assert long.cancelled == [1]
    assert (world.job(job_id), world.attempts(job_id)) == (other, [])


async def test_a_worker_cut_off_from_the_database_stops_its_handlers(world: World) -> None:
    """By its own clock, started before the claim was sent, it cancels them before anybody else can hold the jobs."""
    long = Long()
    job_id = await long.started(world)
    world.heart_line.cut = world.line.cut = True
    await world.timers.move(28)
    assert long.cancelled == []
    await world.timers.move(1.9)
    assert long.cancelled == [1]
    assert world.clock.now() < world.store.jobs[job_id].lease_expires_at  # type: ignore[operator]


async def test_a_worker_that_is_cut_off_for_a_moment_goes_on(world: World) -> None:
    """A heartbeat that came through in time keeps the handler running."""
    long = Long()
    job_id = await long.started(world)
    world.heart_line.cut = True
    await world.timers.move(25)
    world.heart_line.cut = False
    await world.timers.move(60)
    long.go.set()
    await world.until_ended(job_id)
    assert (long.cancelled, world.job(job_id).attempt) == ([], 1)


async def test_what_was_cut_off_is_given_back_when_the_line_is_back(world: World) -> None:
    """A job whose handler was stopped for want of a database is released: nobody is charged for that."""
    long = Long()
    job_id = await long.started(world)
    world.heart_line.cut = world.line.cut = True
    await world.timers.move(29)
    world.heart_line.cut = world.line.cut = False
    await world.timers.move(10)
    assert (world.job(job_id).retry_count, long.began) == (0, [1, 2])
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.RELEASED


async def test_progress_is_written_with_the_heartbeat(world: World) -> None:
    """The newest word goes out with the next beat, and only if it is new."""
    long = Long()
    job_id = await long.started(world)
    (context,) = long.contexts
    for done in range(5):
        await context.progress(done, 10, "on my way")
    await world.timers.move(3)
    assert world.job(job_id).progress == b'{"done":4,"total":10,"text":"on my way"}'
    assert world.heart_line.calls == ["heartbeat"]


async def test_progress_survives_a_heartbeat_that_failed(world: World) -> None:
    """What could not be written is written later, unless there is newer."""
    long = Long()
    job_id = await long.started(world)
    world.heart_line.cut = True
    await long.contexts[0].progress(1)
    await world.timers.move(3)
    world.heart_line.cut = False
    await world.timers.move(5)
    assert world.job(job_id).progress == b'{"done":1,"total":null,"text":""}'


async def test_a_dead_workers_job_is_recovered(world: World) -> None:
    """When a worker stops beating, its job lapses and another worker runs it, the crash on record."""
    long = Long()
    job_id = await world.enqueue("long.task")
    await world.line.leases.claim(ClaimOrder(UUID(int=99), ("default",), 1, timedelta(seconds=30)))
    await world.start(long.tasks, LEASE)
    await world.timers.move(29)
    assert long.began == []
    await world.timers.move(5)
    assert (long.began, world.job(job_id).retry_count) == ([2], 1)
    assert world.attempts(job_id)[0].outcome is AttemptOutcome.CRASHED


async def test_an_expired_job_is_cancelled_by_maintenance(world: World) -> None:
    """A job that nobody started in time ends, without any claim."""
    long = Long()
    await world.start(long.tasks, LEASE)
    late = world.clock.now() + timedelta(hours=1)
    job_id = await world.enqueue("unknown.task", queue="elsewhere")
    world.store.jobs[job_id] = attrs.evolve(world.job(job_id), expires_at=late)
    await world.timers.move(3600 + 20)
    assert (world.job(job_id).status, world.job(job_id).cancel_reason) == (JobStatus.CANCELLED, "expired")
