"""What people do to jobs, decided on the jobs as they are and decided again where they moved on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import OOPS, OTHER_OWNER, OWNER, a_birth, minutes
from tests.contract.memory_world import memory_world_on
from tests.contract.world import World
from tests.model.sides import TickingClock

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application.manage import Answer, ManageJobs, Moved
from equeue.application.ports.audit import AuditFilter
from equeue.application.ports.jobs import Change
from equeue.application.ports.unit_of_work import UnitOfWork
from equeue.domain.audit import Actor
from equeue.domain.errors import AlreadyFinished, InvalidTransition, JobNotFound
from equeue.domain.job import Job
from equeue.domain.outcomes import Discarded
from equeue.domain.status import JobStatus

NOW = timedelta(0)
BOSS = Actor(OTHER_OWNER)


@pytest.fixture
def world() -> World:
    """Return an empty world in memory."""
    return memory_world_on(TickingClock())


@asynccontextmanager
async def somebody_changes(world: World, job: Job, after: Job) -> AsyncIterator[UnitOfWork]:
    """Hold a job that is about to become `after`."""
    async with world.units_of_work() as unit:
        assert not await unit.jobs.change([Change(job, after)])
        yield unit


async def acts(world: World) -> list[str]:
    """Return what the audit log tells."""
    async with world.units_of_work() as unit:
        return [entry.act.action for entry in await unit.audit.page(AuditFilter(), limit=10)]


async def waiting(task: asyncio.Task[Any]) -> None:
    """Let a task go on until it waits for somebody."""
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()


async def test_others_jobs_are_not_there(world: World) -> None:
    """Whoever may steer only their own is told that another's does not exist, and nothing happens to it."""
    mine, theirs, nobodys = await world.enqueue(a_birth(owner=OWNER), a_birth(owner=OTHER_OWNER), a_birth())
    for act in (world.manage.run_now, world.manage.cancel, world.manage.retry):
        answers = await act([mine.id, theirs.id, nobodys.id], owner=OWNER)
        assert isinstance(answers[mine.id], Moved)
        assert {type(answers[job.id]) for job in (theirs, nobodys)} == {JobNotFound}
    assert [await world.job(job.id) for job in (theirs, nobodys)] == [theirs, nobodys]


async def test_each_id_gets_its_answer(world: World) -> None:
    """Moves, repetitions and refusals of one call stand side by side."""
    queued, cancelled = await world.enqueue(a_birth(queue="a"), a_birth(queue="a"))
    await world.cancel(cancelled.id)
    dead = await world.ended(await world.claimed(a_birth()), Discarded(OOPS))
    unknown = a_birth().job_id
    answers = await world.manage.cancel([queued.id, cancelled.id, dead.id, unknown, queued.id])
    kinds = {job_id: type(answer) for job_id, answer in answers.items()}
    assert kinds == {queued.id: Moved, cancelled.id: Moved, dead.id: AlreadyFinished, unknown: JobNotFound}
    assert repeated(answers[queued.id]) is False
    assert repeated(answers[cancelled.id]) is True
    assert not await world.manage.cancel([])


def repeated(answer: Answer) -> bool | None:
    """Tell whether a move was a repetition; `None` if it was refused."""
    return answer.repeated if isinstance(answer, Moved) else None


async def test_what_became_claimable_wakes_workers(world: World) -> None:
    """A retry and a run-now are news; a cancel of a queued job and a repetition are none."""
    (job,) = await world.enqueue(a_birth(queue="a", delay=minutes(5)))
    for act, woken in [
        (world.manage.run_now, {"a"}),
        (world.manage.cancel, set()),
        (world.manage.cancel, set()),
        (world.manage.retry, {"a"}),
    ]:
        await act([job.id])
        assert (await world.queue.receive(["a"], NOW)).queues == woken


async def test_the_worker_of_a_running_job_is_told_to_stop_once(world: World) -> None:
    """The ring goes out with the first request only."""
    claim = await world.claimed(a_birth())
    for cancels in ({claim.job_id}, set()):
        await world.cancel(claim.job_id)
        assert (await world.queue.receive(["default"], NOW)).cancels == cancels


async def test_a_job_that_moved_on_is_decided_again(world: World) -> None:
    """Between looking and writing somebody made it due: the cancel is decided on that, and nothing is undone."""
    (job,) = await world.enqueue(a_birth(delay=minutes(60)))
    sooner, _ = job.run_now(await world.now())
    async with somebody_changes(world, job, sooner) as unit:
        cancelling = asyncio.create_task(world.manage.cancel([job.id], actor=BOSS))
        await waiting(cancelling)
        await unit.commit()
    answer = (await cancelling)[job.id]
    after = await world.job(job.id)
    assert answer == Moved(after, repeated=False)
    assert (after.status, after.run_at, after.revision) == (JobStatus.CANCELLED, sooner.run_at, 2)
    assert await acts(world) == ["job.cancel"]


async def test_a_job_that_ended_meanwhile_is_refused(world: World) -> None:
    """A run-now that lost to a cancel is told so, and wakes nobody."""
    (job,) = await world.enqueue(a_birth(queue="a", delay=minutes(60)))
    cancelled, _ = job.cancel(await world.now())
    async with somebody_changes(world, job, cancelled) as unit:
        running = asyncio.create_task(world.manage.run_now([job.id], actor=BOSS))
        await waiting(running)
        await unit.commit()
    assert isinstance((await running)[job.id], InvalidTransition)
    assert await acts(world) == []
    assert not (await world.queue.receive(["a"], NOW)).queues


async def test_a_change_that_was_rolled_back_stands_in_nobodys_way(world: World) -> None:
    """The first decision holds then, and is told once."""
    (job,) = await world.enqueue(a_birth())
    async with somebody_changes(world, job, attrs.evolve(job, revision=9)):
        cancelling = asyncio.create_task(world.manage.cancel([job.id]))
        await waiting(cancelling)
    assert repeated((await cancelling)[job.id]) is False
    assert (await world.job(job.id)).revision == 1


async def test_a_job_that_vanished_meanwhile_is_not_found() -> None:
    """Deleted between looking and writing: the caller is not told that it was cancelled."""
    store = MemoryStore()
    manage = ManageJobs(memory_units_of_work(store), MemoryJobQueue())
    async with memory_units_of_work(store)() as unit:
        await unit.jobs.add([kept := a_birth(), gone := a_birth()])
        await unit.commit()
    async with memory_units_of_work(store)() as unit:
        (job,) = await unit.jobs.load([gone.job_id])
        await unit.jobs.change([Change(job, attrs.evolve(job, revision=9))])
        cancelling = asyncio.create_task(manage.cancel([kept.job_id, gone.job_id]))
        await waiting(cancelling)
        del store.jobs[gone.job_id]
    answers = await cancelling
    assert isinstance(answers[gone.job_id], JobNotFound)
    assert repeated(answers[kept.job_id]) is False
