"""When a worker looks for work, and what it takes."""

import asyncio
from datetime import timedelta

import attrs
from tests.unit.worker.world import World, breathe

from equeue import Fixed, Tasks
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.application.enqueue import Draft
from equeue.application.ports.cadences import Tick
from equeue.application.ports.queue import QueueHealth, Received
from equeue.domain.ids import JobId
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules


class Gate:
    """A task whose runs wait until they are let through, one by one."""

    def __init__(self, task: str = "gated.task") -> None:
        self.tasks = Tasks()
        self.inside = 0
        self.most = 0
        self.through = asyncio.Semaphore(0)

        @self.tasks.task(task, timeout=3600)
        async def handler() -> None:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await self.through.acquire()
            self.inside -= 1


class Names:
    """A backend that names jobs when the test says so."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Received] = asyncio.Queue()

    async def receive(self, queues: object, timeout: object, limit: object = None) -> Received:
        del queues, timeout, limit
        return await self.told.get()

    async def health(self) -> QueueHealth:
        return QueueHealth(ok=True, ids=True)


async def test_never_more_jobs_run_than_there_are_slots(world: World) -> None:
    """Concurrency is a bound, and a slot that comes free is filled at once."""
    gate = Gate()
    await world.start(gate.tasks, WorkerRules(concurrency=3))
    ids = await world.enqueue_all([JobSpec("gated.task")] * 10)
    for _ in range(10):
        await world.until(lambda: gate.inside == min(3, _open(world, ids)))
        gate.through.release()
        await breathe()
    await world.until_ended(*ids)
    assert gate.most == 3


def _open(world: World, ids: list[JobId]) -> int:
    return sum(not world.job(job_id).status.ended for job_id in ids)


async def test_one_slow_job_holds_up_nobody(world: World) -> None:
    """Hundreds of short jobs go by while one slot is taken."""
    gate = Gate()

    @gate.tasks.task("short.task")
    async def short() -> None: ...

    await world.start(gate.tasks, WorkerRules(concurrency=2))
    await world.enqueue("gated.task")
    await world.until(lambda: gate.inside == 1)
    await world.until_ended(*await world.enqueue_all([JobSpec("short.task")] * 300))
    assert gate.inside == 1
    gate.through.release()


async def test_a_hint_is_enough(world: World) -> None:
    """An idle worker that hears of a job takes it without a poll."""
    gate = Gate()
    await world.start(gate.tasks)
    await breathe()
    await world.enqueue("gated.task")
    await world.until(lambda: gate.inside == 1)
    assert world.clock.monotonic() == 0
    gate.through.release()


async def test_a_lost_hint_costs_a_poll(world: World) -> None:
    """Hints may get lost: the worker looks now and then all the same."""
    gate = Gate()
    await world.start(gate.tasks, queue=MemoryJobQueue())
    await breathe()
    await world.enqueue("gated.task")
    await world.timers.move(4)
    assert gate.inside == 0
    await world.timers.move(2)
    assert gate.inside == 1
    gate.through.release()


async def test_an_idle_worker_asks_seldom(world: World) -> None:
    """One look a poll, and no heartbeat."""
    await world.start(Gate().tasks)
    await world.timers.move(10)
    world.line.calls.clear()
    await world.timers.move(100)
    assert world.line.calls.count("claim") <= 20
    assert world.heart_line.calls == []


async def test_a_delayed_job_starts_when_the_cadences_say_it_is_due(world: World) -> None:
    """The tick tells when the next job falls due, so nobody waits for the poll."""

    class Told:
        async def tick(self, periods: object, queues: object) -> Tick:
            del periods, queues
            return Tick(frozenset(), job_in=timedelta(seconds=1.5))

    gate = Gate()
    await world.start(gate.tasks, cadences=Told())
    await breathe()
    await world.enqueue_jobs([Draft(JobSpec("gated.task", delay=timedelta(seconds=1.5)))])
    await world.timers.move(1.6)
    assert gate.inside == 1
    gate.through.release()


async def test_a_named_job_is_taken_out_of_turn(world: World) -> None:
    """A backend that names ids gets exactly those claimed."""
    gate = Gate()
    hints = Names()
    await world.start(gate.tasks, WorkerRules(concurrency=1), queue=hints)
    await breathe()
    first, second = await world.enqueue_all([JobSpec("gated.task")] * 2)
    hints.told.put_nowait(Received(job_ids=(second,)))
    await world.until(lambda: gate.inside == 1)
    assert [world.job(job_id).status for job_id in (first, second)] == [JobStatus.QUEUED, JobStatus.RUNNING]
    gate.through.release()
    gate.through.release()


async def test_jobs_of_unknown_tasks_are_left_to_others(world: World) -> None:
    """They are given back uncharged, once, and not claimed again; known ones are not held up."""
    tasks = Tasks()

    @tasks.task("known.task")
    async def known() -> None: ...

    await world.start(tasks)
    stranger = await world.enqueue("unknown.task")
    await world.until_ended(*await world.enqueue_all([JobSpec("known.task")] * 30))
    await world.timers.move(60)
    job = world.job(stranger)
    assert (job.status, job.retry_count, job.attempt) == (JobStatus.QUEUED, 0, 1)
    assert world.attempts(stranger)[0].outcome is AttemptOutcome.RELEASED


async def test_only_the_queues_of_its_tasks_are_served(world: World) -> None:
    """Unless told, a worker leaves other queues alone."""
    tasks = Tasks()

    @tasks.task("a.task", queue="mine")
    async def handler() -> None: ...

    await world.start(tasks)
    mine = await world.enqueue("a.task")
    other = await world.enqueue("a.task", queue="other")
    await world.until_ended(mine)
    await world.timers.move(30)
    assert world.job(other).status is JobStatus.QUEUED


async def test_the_queues_it_is_told_are_served(world: World) -> None:
    """`-q` names them."""
    tasks = Tasks()

    @tasks.task("a.task", queue="mine")
    async def handler() -> None: ...

    await world.start(tasks, WorkerRules(queues=("other",)))
    other = await world.enqueue("a.task", queue="other")
    mine = await world.enqueue("a.task")
    await world.until_ended(other)
    await world.timers.move(30)
    assert world.job(mine).status is JobStatus.QUEUED


async def test_a_worker_says_which_tasks_it_knows(world: World) -> None:
    """Their queue, retries, backoff, timeout, schema and doc are declared, under each name."""
    tasks = Tasks()

    @tasks.task("a.task", queue="mine", max_retries=7, backoff=Fixed(base=2), timeout=9, aliases=("old.task",))
    async def handler(n: int) -> int:
        """Do something with a number."""
        return n

    await world.start(tasks)
    declared = world.store.tasks["a.task"]
    assert (declared.queue, declared.max_retries, declared.backoff) == ("mine", 7, Fixed(base=2))
    assert (declared.timeout, declared.doc) == (timedelta(seconds=9), "Do something with a number.")
    assert attrs.evolve(world.store.tasks["old.task"], id="a.task") == declared
    old = await world.enqueue("old.task", b'{"n":1}')
    await world.until_ended(old)


async def test_what_waits_too_long_in_hand_is_given_back(world: World) -> None:
    """A prefetched job that finds no slot within a quarter of the lease goes to others, uncharged."""
    gate = Gate()
    worker = await world.start(gate.tasks, WorkerRules(concurrency=1, lease=timedelta(seconds=20)))
    await world.enqueue("gated.task")
    await world.until(lambda: gate.inside == 1)
    waiting = await world.enqueue("gated.task")
    await world.hand_over(worker)
    await world.timers.move(4.9)
    assert world.job(waiting).status is JobStatus.RUNNING
    await world.timers.move(0.2)
    assert (world.job(waiting).status, world.job(waiting).retry_count) == (JobStatus.QUEUED, 0)
    gate.through.release()


async def test_a_waiting_job_can_be_cancelled(world: World) -> None:
    """Its handler never begins."""
    gate = Gate()
    worker = await world.start(gate.tasks, WorkerRules(concurrency=1))
    await world.enqueue("gated.task")
    await world.until(lambda: gate.inside == 1)
    waiting = await world.enqueue("gated.task")
    await world.hand_over(worker)
    await world.manage.cancel([waiting])
    await world.until_ended(waiting)
    assert (world.job(waiting).status, gate.most) == (JobStatus.CANCELLED, 1)
    gate.through.release()


async def test_declared_tasks_of_others_are_never_touched(world: World) -> None:
    """A queue that two kinds of workers share: each claims its own from the start."""
    mine, others = Tasks(), Tasks()

    @mine.task("my.task")
    async def my_handler() -> None: ...

    @others.task("their.task")
    async def their_handler() -> None: ...

    await world.start(others, WorkerRules(queues=("elsewhere",)))
    await world.start(mine)
    theirs = await world.enqueue("their.task")
    await world.until_ended(await world.enqueue("my.task"))
    await world.timers.move(30)
    assert world.job(theirs).attempt == 0
