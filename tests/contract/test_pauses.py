"""Pauses of queues: no job starts, what runs goes on, and the rest of the claim is as ever."""

from tests.builders import LEASE, QUEUE, a_birth, an_order, minutes, seconds
from tests.contract.limiting import again_in, limit, pause, resume
from tests.contract.scheduling import ACTOR
from tests.contract.world import World

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.application.failure_policies import FailurePolicies
from equeue.application.ports.audit import AuditFilter
from equeue.application.queues import ManageQueues
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


async def test_a_queue_whose_settings_go_starts_at_once(world: World) -> None:
    """As if it was resumed: workers are told, and the audit log says that it paused."""
    hints = MemoryJobQueue()
    queues = ManageQueues(world.units_of_work, FailurePolicies(), hints)
    await queues.pause(QUEUE, ACTOR, "why")
    await queues.remove(QUEUE, lambda _: True, ACTOR)
    assert (await hints.receive([QUEUE], LEASE)).queues == {QUEUE}
    async with world.units_of_work() as unit:
        (unset, *_) = await unit.audit.page(AuditFilter(), limit=1)
    assert (unset.act.action, unset.act.before["reason"], unset.act.after["paused"]) == ("queue.unset", "why", False)
