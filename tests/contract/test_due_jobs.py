"""What is due and soon will be is told in the order of claims, in sets that follow on each other, and left alone."""

import asyncio
from datetime import timedelta

from tests.builders import a_birth, minutes, seconds
from tests.contract.world import World

from equeue.application.publishing import PublishDue
from equeue.domain.events import JobQueued
from equeue.testing.queue_contract import heard

SOON = seconds(5)


async def test_due_jobs_are_told_in_the_order_of_claims(world: World) -> None:
    """The lowest priority number first, then the queue named first, then the longest due: just as claims come."""
    births = [
        a_birth(queue="b", priority=3),
        a_birth(queue="a", priority=3),
        a_birth(queue="a", priority=7),
        a_birth(queue="b", priority=1),
        a_birth(queue="others", priority=0),
    ]
    for birth in births:
        await world.enqueue(birth)
        await world.let_pass(seconds(1))
    told = await world.due.due(["a", "b"], SOON, 10)
    assert [event.job_id for event in told] == [births[n].job_id for n in (3, 1, 0, 2)]
    claims = await world.claim("a", "b")
    assert [claim.job_id for claim in claims] == [event.job_id for event in told]
    assert [(claim.queue, claim.priority, claim.run_at) for claim in claims] == [
        (event.queue, event.priority, event.run_at) for event in told
    ]


async def test_only_what_a_claim_could_take_soon_is_told(world: World) -> None:
    """Jobs of later, running jobs and expired ones are not; those that fall due within the time are."""
    (later, soon, expiring) = await world.enqueue(
        a_birth(delay=minutes(1)), a_birth(delay=seconds(4)), a_birth(expires_at=await world.now() + seconds(2))
    )
    running = await world.claimed(a_birth(queue="running"))
    await world.let_pass(seconds(3))
    told = [event.job_id for event in await world.due.due(["default", "running"], SOON, 10)]
    assert told == [soon.id]
    assert not {later.id, expiring.id, running.job_id} & set(told)


async def test_sets_follow_on_each_other(world: World) -> None:
    """Each set goes on behind the last one's end, across queues and priorities, and none tells a job twice."""
    births = [a_birth(queue="ab"[n % 2], priority=n % 3) for n in range(20)]
    await world.enqueue(*births)
    found: list[JobQueued] = []
    while batch := await world.due.due(["a", "b"], SOON, 3, found[-1] if found else None):
        assert len(batch) <= 3
        found.extend(batch)
        assert len(found) <= len(births)
    assert found == list(await world.due.due(["a", "b"], SOON, 100))
    assert {event.job_id for event in found} == {birth.job_id for birth in births}


async def test_nothing_is_told_of_nothing(world: World) -> None:
    """No queue, no job."""
    await world.enqueue(a_birth())
    assert list(await world.due.due([], SOON, 10)) == []
    assert list(await world.due.due(["empty"], timedelta(0), 10)) == []


async def test_the_publish_pass_tells_of_what_no_hint_covers(world: World) -> None:
    """A job that nobody was told of is told of by the pass, without being changed."""
    (job,) = await world.enqueue(a_birth())
    publish = PublishDue(world.due, world.queue, ("default",))
    listener = world.another_queue()

    async def run() -> None:
        assert not await publish.run()

    async with asyncio.timeout(10):
        assert (await heard(listener, ["default"], run)).queues == {"default"}
    assert await world.job(job.id) == job
