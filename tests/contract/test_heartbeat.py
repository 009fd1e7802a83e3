"""What keeps a lease alive, and what it is told."""

from tests.builders import LEASE, OTHER_WORKER, a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.domain.lease import Fence, Heartbeat, Pulse
from equeue.domain.outcomes import Released, Succeeded
from equeue.domain.status import JobStatus


async def test_a_heartbeat_extends_every_lease_that_holds(world: World) -> None:
    """Each held job is held until one lease from now."""
    claims = [await world.claimed(a_birth()), await world.claimed(a_birth())]
    await world.let_pass(seconds(20))
    answer = await world.leases.heartbeat([Pulse(claim.fence) for claim in claims], LEASE)
    assert answer == Heartbeat()
    await world.let_pass(seconds(20))
    assert not await world.lapse()
    for claim in claims:
        job = await world.job(claim.job_id)
        assert near(job.lease_expires_at, await world.now() + LEASE - seconds(20))


async def test_a_late_heartbeat_saves_a_lease_that_nobody_took_over(world: World) -> None:
    """A lease that ran out is still its holder's until somebody takes the job over."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(10))
    assert await world.beat(claim)
    assert not await world.lapse()


async def test_a_heartbeat_under_an_old_fence_is_lost(world: World) -> None:
    """A worker whose job was taken over is told so and extends nothing."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(1))
    await world.lapse()
    again = await world.reclaimed(claim.job_id, worker=OTHER_WORKER)
    before = await world.job(claim.job_id)
    answer = await world.leases.heartbeat([Pulse(claim.fence, progress=b"{}")], minutes(60))
    assert answer == Heartbeat(lost=frozenset({claim.fence}))
    assert await world.job(claim.job_id) == before
    assert await world.beat(again)


async def test_a_heartbeat_for_what_is_not_held_is_lost(world: World) -> None:
    """Ended, released, queued and unknown jobs have no lease; a fence of the future has none either."""
    ended, released = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.settle(ended, Succeeded())
    await world.settle(released, Released())
    (queued,) = await world.enqueue(a_birth())
    held = await world.claimed(a_birth())
    fences = [ended.fence, released.fence, queued.fence, Fence(held.job_id, 2), Fence(a_birth().job_id, 1)]
    answer = await world.leases.heartbeat([Pulse(fence) for fence in [*fences, held.fence]], LEASE)
    assert answer == Heartbeat(lost=frozenset(fences))


async def test_a_heartbeat_says_whom_to_cancel(world: World) -> None:
    """A cancel request reaches the worker with its next heartbeat, and the lease goes on meanwhile."""
    wanted, unwanted = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.cancel(unwanted.job_id)
    pulses = [Pulse(wanted.fence), Pulse(unwanted.fence)]
    for _ in range(2):
        answer = await world.leases.heartbeat(pulses, LEASE)
        assert answer == Heartbeat(cancel=frozenset({unwanted.fence}))
    assert (await world.job(unwanted.job_id)).status is JobStatus.RUNNING


async def test_a_prefetched_job_begins_with_the_heartbeat_that_says_so(world: World) -> None:
    """Only a begun heartbeat starts a prefetched job, and only the first one dates it."""
    claim = await world.claimed(a_birth(), begun=False)
    await world.beat(claim, begun=False)
    assert (await world.job(claim.job_id)).started_at is None
    await world.let_pass(seconds(10))
    await world.beat(claim, begun=True)
    started_at = (await world.job(claim.job_id)).started_at
    assert near(started_at, await world.now())
    await world.beat(claim, begun=True)
    await world.beat(claim, begun=False)
    assert (await world.job(claim.job_id)).started_at == started_at


async def test_progress_stays_until_it_moves(world: World) -> None:
    """A heartbeat without progress keeps what was told before; the next attempt starts with none."""
    claim = await world.claimed(a_birth())
    await world.leases.heartbeat([Pulse(claim.fence, progress=b'{"at": 1}')], LEASE)
    await world.leases.heartbeat([Pulse(claim.fence)], LEASE)
    assert (await world.job(claim.job_id)).progress == b'{"at": 1}'
    await world.settle(claim, Released())
    assert (await world.reclaimed(claim.job_id)).attempt == 2
    assert (await world.job(claim.job_id)).progress is None


async def test_a_heartbeat_twice_in_one_set_is_harmless(world: World) -> None:
    """The same pulse twice extends once and is not lost."""
    claim = await world.claimed(a_birth())
    assert await world.leases.heartbeat([Pulse(claim.fence), Pulse(claim.fence)], LEASE) == Heartbeat()
    assert await world.leases.heartbeat([], LEASE) == Heartbeat()
