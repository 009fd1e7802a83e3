"""Jobs that a handler asks for exist if and only if its success does."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.worker.world import World

from equeue import Context, Fixed, PayloadInvalid, Tasks, Unique, options
from equeue.application.context import CHILDREN
from equeue.domain.errors import InvalidJob
from equeue.domain.ids import UUID, JobId
from equeue.domain.job import Job
from equeue.domain.status import JobStatus
from equeue.entrypoints.worker.parts import WorkerRules

tasks = Tasks()


@tasks.task("child.task", queue="elsewhere", max_retries=9, timeout=77)
async def child(n: int, word: str = "none") -> str:
    """Tell what it was given."""
    return f"{word} {n}"


def parent(handler: Any, **settings: Any) -> Tasks:
    """Return tasks whose `parent.task` is `handler`."""
    mine = Tasks()
    mine.task("parent.task", **settings)(handler)
    return mine


async def ran(world: World, handler: Any, **settings: Any) -> Job:
    """Run a parent to its end."""
    await world.start(parent(handler, **settings))
    job_id = await world.enqueue("parent.task")
    await world.until_ended(job_id)
    return world.job(job_id)


def born(world: World, of: JobId) -> list[Job]:
    """Return the children of a job."""
    return sorted((job for job in world.store.jobs.values() if job.parent_id == of), key=lambda job: job.id)


async def test_a_child_is_born_with_its_parents_success(world: World) -> None:
    """With the settings of its task, its parent's id, and the id that the handler was told."""

    async def handler(ctx: Context) -> list[str]:
        first = await ctx.enqueue(child, n=1)
        second = await ctx.enqueue(child, 2, word="two")
        return [str(first), str(second)]

    job = await ran(world, handler)
    children = born(world, job.id)
    assert [each.payload for each in children] == [b'{"n":1}', b'{"n":2,"word":"two"}']
    assert [each.queue for each in children] == ["elsewhere", "elsewhere"]
    assert (children[0].max_retries, children[0].timeout) == (9, timedelta(seconds=77))
    assert job.result == f'["{children[0].id}","{children[1].id}"]'.encode()


async def test_a_child_belongs_to_its_parents_owner(world: World) -> None:
    """So its owner sees it."""
    owner = UUID(int=77)

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=1)

    job_id = await world.enqueue("parent.task")
    world.store.jobs[job_id] = attrs.evolve(world.job(job_id), user_id=owner)
    await world.start(parent(handler))
    await world.until_ended(job_id)
    assert [each.user_id for each in born(world, job_id)] == [owner]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
async def test_a_failed_parent_has_no_child(world: World, error: BaseException) -> None:
    """Nothing is stored before the success is."""

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=1)
        raise error

    job = await ran(world, handler, max_retries=0)
    assert (job.status, born(world, job.id)) == (JobStatus.DEAD, [])


async def test_a_retried_parent_has_its_children_once(world: World) -> None:
    """What earlier attempts asked for went with them."""

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=ctx.attempt)
        if ctx.attempt < 3:
            raise ValueError("again")

    await world.start(parent(handler, backoff=Fixed(base=1)))
    job_id = await world.enqueue("parent.task")
    await world.timers.move(20)
    assert [each.payload for each in born(world, job_id)] == [b'{"n":3}']


async def test_a_result_that_cannot_be_kept_leaves_no_child(world: World) -> None:
    """The attempt did not succeed."""

    async def handler(ctx: Context) -> object:
        await ctx.enqueue(child, n=1)
        return object()

    job = await ran(world, handler)
    assert (job.status, born(world, job.id)) == (JobStatus.DEAD, [])


async def test_a_child_is_checked_when_it_is_asked_for(world: World) -> None:
    """The handler itself learns what does not fit."""
    refused: list[type[Exception]] = []

    async def handler(ctx: Context) -> None:
        for task, payload in ((child, {"n": "x"}), (options("UPPER"), {})):
            try:
                await ctx.enqueue(task, **payload)
            except InvalidJob as error:
                refused.append(type(error))

    job = await ran(world, handler)
    assert (job.status, refused, born(world, job.id)) == (JobStatus.SUCCEEDED, [PayloadInvalid, InvalidJob], [])


async def test_a_plain_function_asks_without_awaiting(world: World) -> None:
    """The answer holds the id."""

    def handler(ctx: Context) -> str:
        return str(ctx.enqueue(child, n=1).id)

    job = await ran(world, handler)
    (only,) = born(world, job.id)
    assert job.result == f'"{only.id}"'.encode()


async def test_a_task_known_by_name_is_enqueued_as_declared(world: World) -> None:
    """Its queue and retries are those its own workers declared, wherever they run."""
    await world.start(tasks, WorkerRules(queues=("nowhere",)))

    async def handler(ctx: Context) -> None:
        await ctx.enqueue("child.task", n=1)
        await ctx.enqueue(options("child.task", queue="special"), n=2)
        await ctx.enqueue("unheard.task", {"any": "thing"})

    job = await ran(world, handler)
    named, special, unheard = born(world, job.id)
    assert (named.queue, named.max_retries, special.queue, special.max_retries) == ("elsewhere", 9, "special", 9)
    assert (unheard.queue, unheard.payload) == ("default", b'{"any":"thing"}')


async def test_a_held_unique_key_is_no_failure(world: World) -> None:
    """The parent succeeds, and nothing is stored twice."""

    async def handler(ctx: Context) -> None:
        for n in range(3):
            await ctx.enqueue(options(child, unique=Unique("one")), n=n)

    job = await ran(world, handler)
    assert [each.payload for each in born(world, job.id)] == [b'{"n":0}']


async def test_an_answer_that_got_lost_leaves_each_child_once(world: World) -> None:
    """The settle that is repeated finds its work done."""

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=1)
        world.line.mute_answers = True

    job_id = await world.enqueue("parent.task")
    await world.start(parent(handler))
    await world.until_ended(job_id)
    world.line.mute_answers = False
    await world.timers.move(20)
    assert len(born(world, job_id)) == 1


async def test_a_lost_lease_leaves_no_child(world: World) -> None:
    """The fence that refuses the success refuses its children."""

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=1)
        lost = attrs.evolve(world.job(ctx.job.job_id), lease_token=2)
        world.store.jobs[ctx.job.job_id] = lost

    await world.start(parent(handler))
    job_id = await world.enqueue("parent.task")
    await world.until(lambda: "job.lease_lost" in world.log.events())
    assert born(world, job_id) == []


async def test_a_child_starts_without_a_poll(world: World) -> None:
    """Its queue is told as soon as it is stored."""
    await world.start(tasks)

    async def handler(ctx: Context) -> None:
        await ctx.enqueue(child, n=1)

    job = await ran(world, handler)
    (only,) = born(world, job.id)
    await world.until_ended(only.id)
    assert world.clock.monotonic() == 0


async def test_children_are_bounded(world: World) -> None:
    """A loop that asks without end fails by itself."""

    async def handler(ctx: Context) -> None:
        for n in range(CHILDREN + 1):
            await ctx.enqueue(child, n=n)

    job = await ran(world, handler, max_retries=0)
    assert (job.status, born(world, job.id)) == (JobStatus.DEAD, [])
