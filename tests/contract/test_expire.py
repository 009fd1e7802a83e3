"""Jobs that nobody started in time."""

from tests.builders import a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.application.maintenance import ExpireJobs
from equeue.domain.job import EXPIRED
from equeue.domain.outcomes import Released
from equeue.domain.spec import Unique
from equeue.domain.status import JobStatus


async def test_a_job_not_started_in_time_is_cancelled(world: World) -> None:
    """From `expires_at` on a queued job is cancelled for that reason, and its key is free."""
    (job,) = await world.enqueue(a_birth(expires_at=await world.now() + minutes(5), unique=Unique("k")))
    assert not await world.leases.expire(10)
    await world.let_pass(minutes(6))
    assert await world.leases.expire(10) == [job.id]
    expired = await world.job(job.id)
    assert (expired.status, expired.cancel_reason) == (JobStatus.CANCELLED, EXPIRED)
    assert (near(expired.finished_at, await world.now()), expired.unique_slot) == (True, None)
    assert expired.etag != job.etag
    assert not await world.leases.expire(10)


async def test_a_running_job_does_not_expire(world: World) -> None:
    """What was started in time may finish; given back too late, it expires."""
    claim = await world.claimed(a_birth(expires_at=await world.now() + minutes(5)))
    await world.let_pass(minutes(6))
    assert not await world.leases.expire(10)
    await world.settle(claim, Released())
    assert await world.leases.expire(10) == [claim.job_id]


async def test_expiry_is_bounded(world: World) -> None:
    """A pass expires no more than it was allowed, and the next goes on."""
    soon = await world.now() + minutes(1)
    births = [a_birth(expires_at=soon + seconds(n)) for n in range(5)]
    await world.enqueue(*births, a_birth())
    await world.let_pass(minutes(3))
    expire = ExpireJobs(world.leases)
    assert [await expire(2), await expire(2), await expire(2), await expire(2)] == [2, 2, 1, 0]
    jobs = [await world.job(birth.job_id) for birth in births]
    assert {job.status for job in jobs} == {JobStatus.CANCELLED}


async def test_a_manual_retry_outlives_a_passed_expiry(world: World) -> None:
    """The operator's word is newer than the expiry."""
    (job,) = await world.enqueue(a_birth(expires_at=await world.now() + minutes(1)))
    await world.let_pass(minutes(2))
    await world.leases.expire(10)
    assert (await world.retry(job.id)).expires_at is None
    assert not await world.leases.expire(10)
    assert (await world.reclaimed(job.id)).attempt == 1
