"""Pauses of queues: no job starts, what runs goes on, and the rest of the claim is as ever."""

from tests.builders import a_birth, an_order, minutes, seconds
from tests.contract.limiting import again_in, limit, pause, resume
from tests.contract.world import World

from equeue.domain.job import Job
from equeue.domain.outcomes import Snoozed
from equeue.domain.status import JobStatus


async def test_no_job_of_a_paused_queue_starts(world: World) -> None:
    """Neither by a claim of all nor of ids nor ahead; other queues are served as ever."""
    job, _ = await world.enqueue(a_birth(), a_birth(queue="other"))
    await pause(world)
    assert not await world.leases.claim(an_order(), [job.id])
    assert not await world.claim(begun=False)
    assert [claim.queue for claim in await world.claim("default", "other")] == ["other"]
    assert (await world.job(job.id)).status is JobStatus.QUEUED


async def test_a_pause_holds_from_the_moment_it_is_kept(world: World) -> None:
    """For one who claimed a moment before, and for one who never did."""
    await world.enqueue(*(a_birth() for _ in range(4)))
    assert len(await world.claim(limit=1)) == 1
    await pause(world)
    assert not await world.claim()
    assert not await world.another_leases().claim(an_order())


async def test_what_runs_goes_on(world: World) -> None:
    """Leases are extended and endings written; what goes back stays until the queue resumes."""
    claim = await world.claimed(a_birth())
    await pause(world)
    assert await world.beat(claim)
    back: Job = await world.ended(claim, Snoozed(seconds(0)))
    assert back.status is JobStatus.QUEUED
    assert not await world.claim()
    await resume(world)
    assert [again.job_id for again in await world.claim()] == [claim.job_id]


async def test_a_pause_ends_by_itself(world: World) -> None:
    """When its end has come jobs start again, and a claim before tells when that is."""
    await world.enqueue(a_birth())
    await pause(world, length=minutes(5))
    wait = again_in(await world.claim())
    assert wait is not None
    assert minutes(4) < wait <= minutes(5)
    await world.let_pass(minutes(4))
    assert not await world.claim()
    await world.let_pass(minutes(2))
    assert len(await world.claim()) == 1


async def test_jobs_that_only_a_claim_can_judge_are_not_told_of(world: World) -> None:
    """Ids of paused queues and of those with counted limits are not published; a share for the oldest hides nothing."""
    await pause(world, "paused")
    await limit(world, "tight", running=5)
    await limit(world, "fair", oldest=0.5)
    names = ("paused", "tight", "fair", "free")
    await world.enqueue(*(a_birth(queue=name) for name in names))
    told = await world.due.due(names, seconds(0), 10)
    assert [event.queue for event in told] == ["fair", "free"]
    await resume(world, "paused")
    assert len(await world.due.due(names, seconds(0), 10)) == 3
