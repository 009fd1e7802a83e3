"""A database that goes away costs patience, never a job and never the worker."""

import asyncio
from collections.abc import Sequence

from tests.unit.worker.world import World, breathe

from equeue import Tasks
from equeue.adapters.memory.platform import FixedJitter
from equeue.application.ports.jobs import Settled
from equeue.application.ports.unit_of_work import UnitOfWork
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.errors import Unavailable
from equeue.domain.lease import Claim, ClaimOrder
from equeue.domain.spec import JobSpec
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

RULES = WorkerRules()


def short() -> tuple[Tasks, list[int], asyncio.Event]:
    """Return a task, its runs so far, and what lets it end."""
    tasks, runs, go = Tasks(), list[int](), asyncio.Event()

    @tasks.task("short.task", timeout=600)
    async def handler() -> None:
        runs.append(1)
        await go.wait()

    return tasks, runs, go


async def test_an_ending_is_written_once_the_database_is_back(world: World) -> None:
    """What a handler achieved while the database was away is not lost and not done twice."""
    tasks, runs, go = short()
    await world.start(tasks, RULES)
    job_id = await world.enqueue("short.task")
    await world.until(lambda: bool(runs))
    world.line.cut = True
    go.set()
    await world.timers.move(20)
    assert world.job(job_id).status is JobStatus.RUNNING
    world.line.cut = False
    await world.timers.move(6)
    assert (world.job(job_id).status, runs) == (JobStatus.SUCCEEDED, [1])


async def test_an_answer_that_got_lost_changes_nothing(world: World) -> None:
    """A settle whose answer was cut off is repeated, which is harmless."""
    tasks, runs, go = short()
    await world.start(tasks, RULES)
    job_id = await world.enqueue("short.task")
    await world.until(lambda: bool(runs))
    world.line.mute_answers = True
    go.set()
    await world.until_ended(job_id)
    ended = world.job(job_id)
    world.line.mute_answers = False
    await world.timers.move(10)
    assert (world.job(job_id), len(world.attempts(job_id))) == (ended, 1)


async def test_a_claim_whose_answer_got_lost_lapses(world: World) -> None:
    """Nobody knows of that claim, so its lease runs out and the job runs once the line is back."""
    tasks, runs, go = short()
    go.set()
    await world.start(tasks, RULES)
    world.line.mute_answers = True
    job_id = await world.enqueue("short.task")
    await world.until(lambda: world.job(job_id).status is JobStatus.RUNNING)
    world.line.mute_answers = False
    await world.timers.move(40)
    assert (world.job(job_id).status, runs) == (JobStatus.SUCCEEDED, [1])


async def test_trouble_is_one_line_when_it_starts_and_one_when_it_ends(world: World) -> None:
    """However many loops cannot reach the database, and however often they try."""
    tasks, _, _ = short()
    await world.start(tasks, RULES)
    world.line.cut = world.heart_line.cut = True
    await world.timers.move(120)
    world.line.cut = world.heart_line.cut = False
    await world.timers.move(30)
    told = [event for event in world.log.events() if event.startswith("database.")]
    assert told == ["database.away", "database.back"]


async def test_a_worker_is_patient_with_a_database_that_is_away(world: World) -> None:
    """Each loop waits longer each time, up to a few seconds."""
    tasks, _, _ = short()
    await world.start(tasks, RULES)
    world.line.cut = True
    await world.timers.move(60)
    world.line.calls.clear()
    await world.timers.move(60)
    assert 12 <= world.line.calls.count("claim") <= 25


async def test_a_worker_that_starts_without_a_database_waits_for_it(world: World) -> None:
    """It neither exits nor claims anything before it could say which tasks it knows."""
    tasks, runs, go = short()
    go.set()
    away = True

    def units() -> UnitOfWork:
        if away:
            raise Unavailable("not up yet")
        return world.units()

    starting = asyncio.create_task(world.start(tasks, RULES, units_of_work=units))
    await breathe()
    await world.timers.move(30)
    away = False
    await world.timers.move(6)
    await starting
    job_id = await world.enqueue("short.task")
    await world.until_ended(job_id)
    assert runs == [1]


async def test_one_ending_that_cannot_be_stored_does_not_keep_the_others(world: World) -> None:
    """The database refuses a set for one of its members: the others are written, that one is discarded."""
    tasks = Tasks()

    @tasks.task("short.task")
    async def handler(n: int) -> int:
        return n

    leases = world.line.leases
    refused: list[int] = []

    class Picky:
        async def __call__(self, endings: Sequence[Ending]) -> Sequence[Settled]:
            if any(getattr(ending.outcome, "result", None) == b"2" for ending in endings):
                refused.append(len(endings))
                raise ValueError("cannot store 2")
            return await SettleAttempts(leases, FixedJitter())(endings)

    await world.start(tasks, RULES, settle=Picky())
    ids = await world.enqueue_all([JobSpec("short.task", b'{"n":%d}' % n) for n in range(5)])
    await world.until_ended(*ids)
    statuses = [world.job(job_id).status for job_id in ids]
    good, dead = JobStatus.SUCCEEDED, JobStatus.DEAD
    assert statuses == [good, good, dead, good, good]
    assert refused == [5, 1]


async def test_a_loop_that_breaks_is_started_again(world: World) -> None:
    """A fault in one statement is told with its name, and does not end the worker."""
    tasks, runs, go = short()
    go.set()
    await world.start(tasks, RULES)
    await breathe()
    faults = [ZeroDivisionError("a fault of ours"), ZeroDivisionError("once more")]
    claim = world.line.leases.claim

    async def faulty(order: ClaimOrder, only: object = None) -> Sequence[Claim]:  # noqa: ARG001 - the port asks for it
        if faults:
            raise faults.pop()
        return await claim(order)

    world.line.instead["claim"] = faulty
    job_id = await world.enqueue("short.task")
    await world.timers.move(5)
    assert (world.job(job_id).status, runs) == (JobStatus.SUCCEEDED, [1])
    assert world.log.events().count("worker.loop_broke") == 2
    assert "database.away" not in world.log.events()
