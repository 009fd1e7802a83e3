"""The jobs that a plan means are found in order, once each, without what is in them."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from tests.builders import OTHER_OWNER, OWNER, a_birth, minutes
from tests.contract.world import World

from equeue.application.ports.bulk import Batch, Survey
from equeue.application.ports.reads import LEFT_OUT
from equeue.domain.bulk import Place
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.filter_text import read
from equeue.domain.job import Job
from equeue.domain.outcomes import Failed, JobError, Succeeded
from equeue.domain.status import JobStatus

RETRY, DELETE, CANCEL, MOVE = BulkAction.RETRY, BulkAction.DELETE, BulkAction.CANCEL, BulkAction.MOVE


async def a_plan(world: World, action: BulkAction = CANCEL, **where: Any) -> BulkPlan:
    """Return a plan as of now."""
    queue = "elsewhere" if action is MOVE else None
    return BulkPlan(action=action, where=BulkFilter(**where), mark=await world.now(), queue=queue)


async def look(world: World, plan: BulkPlan, after: Place | None = None, *, limit: int = 100) -> Batch:
    """Return the next jobs."""
    async with world.units_of_work() as unit:
        return await unit.selection.next(plan, after, limit=limit, window=1_000)


async def survey(world: World, plan: BulkPlan, cap: int = 100, sample: int = 2) -> Survey:
    """Count what a plan means."""
    async with world.units_of_work() as unit:
        return await unit.selection.survey(plan, cap=cap, sample=sample)


async def dead(world: World, fingerprint: str = "ValueError:oops", **facts: Any) -> Job:
    """Return a job that died of an error."""
    claim = await world.claimed(a_birth(max_retries=0, **facts))
    return await world.ended(claim, Failed(JobError.of("ValueError", "oops", "Traceback", fingerprint)))


async def one_of_each(world: World) -> dict[str, Job]:
    """Return jobs that differ in every respect that a filter knows."""
    first = await dead(world, queue="mail", task="mail.send", owner=OWNER, tags=("vip", "eu"))
    await world.let_pass(minutes(10))
    second = await dead(world, "KeyError:k", queue="bills", task="bill.print", owner=OTHER_OWNER, tags=("eu",))
    await world.let_pass(minutes(10))
    succeeded = await world.ended(await world.claimed(a_birth(queue="mail", owner=OWNER)), Succeeded(b"1"))
    (queued,) = await world.enqueue(a_birth(queue="mail_x", task="mail.send", tags=("us",)))
    (cancelled,) = await world.enqueue(a_birth(queue="bills"))
    await world.cancel(cancelled.id)
    running = await world.claimed(a_birth(queue="mail", owner=OWNER))
    named = {"first": first, "second": second, "succeeded": succeeded, "queued": queued, "cancelled": cancelled}
    return {name: await world.job(job.id) for name, job in named.items()} | {"running": await world.job(running.job_id)}


@pytest.mark.parametrize(
    ("action", "where", "names"),
    [
        (RETRY, {}, "first second cancelled"),
        (CANCEL, {}, "queued running"),
        (MOVE, {}, "queued"),
        (BulkAction.RUN_NOW, {}, "queued"),
        (DELETE, {}, "first second succeeded cancelled"),
        (DELETE, {"statuses": (JobStatus.SUCCEEDED, JobStatus.DEAD)}, "first second succeeded"),
        (DELETE, {"queues": ("mail",)}, "first succeeded"),
        (DELETE, {"queues": ("mail", "bills")}, "first second succeeded cancelled"),
        (RETRY, {"tasks": ("mail.send",)}, "first"),
        (RETRY, {"tags": ("vip", "us")}, "first"),
        (RETRY, {"tags": ("eu",)}, "first second"),
        (RETRY, {"fingerprints": ("KeyError:k",)}, "second"),
        (RETRY, {"fingerprints": ("KeyError:k", "ValueError:oops", "none")}, "first second"),
        (RETRY, {"fingerprints": ("KeyError:k",), "owner": OWNER}, ""),
        (RETRY, {"fingerprints": ("KeyError:k",), "queues": ("mail",)}, ""),
        (RETRY, {"fingerprints": ("KeyError:k",), "owner": OTHER_OWNER, "queue_globs": ("b*",)}, "second"),
        (DELETE, {"owner": OWNER}, "first succeeded"),
        (DELETE, {"owner": OWNER, "statuses": (JobStatus.DEAD,)}, "first"),
        (DELETE, {"owner": OTHER_OWNER, "tags": ("eu",)}, "second"),
        (DELETE, {"queue_globs": ("mail",)}, "first succeeded"),
        (CANCEL, {"queue_globs": ("mail_?",)}, "queued"),
        (CANCEL, {"queue_globs": ("bills", "m*")}, "queued running"),
        (RETRY, {"condition": read("tag:eu -tag:vip")}, "second"),
        (RETRY, {"condition": read("status:cancelled OR queue:mail")}, "first cancelled"),
        (DELETE, {"condition": read("status:dead,queued")}, "first second"),
        (CANCEL, {"condition": read("status:dead")}, ""),
        (DELETE, {"condition": read('error~"oops" -error:KeyError'), "queues": ("mail",)}, "first"),
        (DELETE, {"condition": read('-error~"oops"')}, "succeeded cancelled"),
        (CANCEL, {"condition": read("-payload.none:1 queue:mail*")}, "queued running"),
        (DELETE, {"condition": read("fingerprint:KeyError:k OR finished:>now"), "owner": OTHER_OWNER}, "second"),
        (RETRY, {"condition": read("task:*"), "fingerprints": ("KeyError:k",)}, "second"),
    ],
)
async def test_a_plan_means_what_its_filter_says(
    world: World, action: BulkAction, where: dict[str, Any], names: str
) -> None:
    """Every condition narrows, also together; nothing said of statuses means those in which the act is possible."""
    jobs = await one_of_each(world)
    plan = await a_plan(world, action, **where)
    wanted = [jobs[name].id for name in names.split()]
    batch = await look(world, plan)
    assert sorted(job.id for job in batch.jobs) == sorted(wanted)
    assert batch.last
    assert (await survey(world, plan)).count == len(wanted)
    assert sorted(job.id for job in jobs.values() if plan.touches(job)) == sorted(wanted)


async def test_named_jobs_are_all_looked_at(world: World) -> None:
    """Jobs named one by one are found whatever their status, as far as they are in reach, so each is answered for."""
    jobs = await one_of_each(world)
    named = tuple(job.id for job in jobs.values())
    assert len((await look(world, await a_plan(world, RETRY, job_ids=named))).jobs) == len(named)
    mine = await look(world, await a_plan(world, RETRY, job_ids=named, owner=OWNER, queue_globs=("mail",)))
    assert {job.id for job in mine.jobs} == {jobs[name].id for name in ("first", "succeeded", "running")}


async def test_times_bound_what_is_meant(world: World) -> None:
    """From an instant on, and before another one; a job created at the second is not meant."""
    jobs = await one_of_each(world)
    first, second = jobs["first"].created_at, jobs["second"].created_at
    for where, names in (
        ({"created_before": second}, {"first"}),
        ({"created_before": second + timedelta(microseconds=1)}, {"first", "second"}),
        ({"created_after": second}, {"second", "cancelled"}),
        ({"created_after": first, "created_before": second}, {"first"}),
    ):
        batch = await look(world, await a_plan(world, RETRY, **where))
        assert {job.id for job in batch.jobs} == {jobs[name].id for name in names}


async def test_times_in_a_text_are_seen_from_the_mark(world: World) -> None:
    """Whenever the plan is carried out: it means the same jobs as when it was previewed."""
    jobs = await one_of_each(world)
    plan = await a_plan(world, RETRY, condition=read("created:<-15m"))
    wanted = [jobs["first"].id]
    assert [job.id for job in (await look(world, plan)).jobs] == wanted
    assert (await survey(world, plan)).count == 1
    early = attrs.evolve(plan, mark=plan.mark - minutes(10))
    assert (await look(world, early)).jobs == ()


async def test_the_mark_leaves_out_what_came_later(world: World) -> None:
    """A job created after the plan was made is not meant, though it fits the filter."""
    (old,) = await world.enqueue(a_birth(queue="mail"))
    plan = await a_plan(world, queues=("mail",))
    await world.let_pass(minutes(1))
    plan_then = BulkPlan(action=plan.action, where=plan.where, mark=(await world.job(old.id)).created_at)
    await world.enqueue(a_birth(queue="mail"))
    assert [job.id for job in (await look(world, plan_then)).jobs] == [old.id]
    assert (await survey(world, plan_then)).count == 1


@pytest.mark.parametrize("where", [{"queues": ("a",)}, {"owner": OWNER}], ids=["statuses", "owner"])
async def test_a_walk_sees_each_job_once(world: World, where: dict[str, Any]) -> None:
    """Jobs of one instant are neither skipped nor repeated, and gaps between those meant are no end."""
    births = [a_birth(queue="a" if n % 3 else "b", owner=OWNER if n % 3 else None) for n in range(20)]
    await world.enqueue(*births[:10])
    await world.enqueue(*births[10:])
    plan = await a_plan(world, **where)
    seen: list[Job] = []
    after = None
    for _ in range(40):
        async with world.units_of_work() as unit:
            batch = await unit.selection.next(plan, after, limit=3, window=4)
        seen += batch.jobs
        if batch.last:
            break
        assert batch.cursor is not None
        assert after is None or batch.cursor > after
        after = batch.cursor
    else:
        pytest.fail("the walk does not end")
    wanted = [birth.job_id for birth in births if birth.spec.queue == "a"]
    assert sorted(job.id for job in seen) == sorted(wanted)
    assert seen == sorted(seen, key=lambda job: (job.created_at, job.id))


async def test_a_walk_ends_where_nothing_is_left(world: World) -> None:
    """Behind the last job there is nothing, and an empty table has no place to go on from."""
    empty = await look(world, await a_plan(world))
    assert (empty.jobs, empty.cursor, empty.last) == ((), None, True)
    await world.enqueue(a_birth(), a_birth())
    plan = await a_plan(world)
    full = await look(world, plan, limit=2)
    assert len(full.jobs) == 2
    behind = await look(world, plan, full.cursor, limit=2)
    assert (behind.jobs, behind.last) == ((), True)


async def test_a_count_ends_at_its_cap_and_shows_the_oldest(world: World) -> None:
    """Of many jobs so many are counted as were asked for, and the first of them are shown."""
    await world.enqueue(*(a_birth(queue="old") for _ in range(3)))
    await world.let_pass(minutes(1))
    await world.enqueue(*(a_birth() for _ in range(3)))
    plan = await a_plan(world)
    few, many = await survey(world, plan, cap=4), await survey(world, plan, cap=7)
    assert (few.count, few.capped) == (4, True)
    assert (many.count, many.capped) == (6, False)
    assert [job.queue for job in many.sample] == ["old", "old"]


async def test_what_is_in_a_job_is_left_where_it_is(world: World) -> None:
    """A thousand jobs may hold a gigabyte: of payload, result and progress only is told whether they are there."""
    claim = await world.claimed(a_birth(payload=b'{"a": 1}'))
    await world.ended(claim, Succeeded(b'"x"'))
    await dead(world)
    batch = await look(world, await a_plan(world, DELETE, queues=("default",)))
    by_status: dict[JobStatus, Job] = {job.status: job for job in batch.jobs}
    assert by_status[JobStatus.SUCCEEDED].result == LEFT_OUT
    assert {job.payload for job in batch.jobs} == {LEFT_OUT}
    error = by_status[JobStatus.DEAD].error
    assert error is not None
    assert error.fingerprint == "ValueError:oops"
    assert isinstance(by_status[JobStatus.DEAD].created_at, datetime)
