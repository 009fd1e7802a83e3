"""What becomes of jobs whose lease ran out: a crash like any other, under a fresh token."""

import asyncio
from collections.abc import Sequence

import attrs
from tests.builders import OOPS, OTHER_WORKER, TASK, WORKER, a_birth, minutes, seconds
from tests.contract.world import World, decided, near

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.maintenance import RecoverLapses
from equeue.application.ports.jobs import SettleAnswer, Settled
from equeue.domain.lease import Claim, Fence
from equeue.domain.outcomes import AttemptOutcome, Failed, Lapsed, Succeeded
from equeue.domain.retry import Fixed
from equeue.domain.settlement import Settlement, lapsed
from equeue.domain.spec import Unique, UniqueWhile
from equeue.domain.status import JobStatus


async def test_a_lease_that_holds_is_not_taken_over(world: World) -> None:
    """Nothing lapses before its time."""
    await world.claimed(a_birth())
    await world.let_pass(seconds(20))
    assert not await world.lapse()


async def test_a_lapse_is_a_crash_under_a_fresh_token(world: World) -> None:
    """The job goes back charged; the attempt names the worker that lapsed; `attempt` does not grow."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(1))
    assert await world.lapse() == [Settled(Fence(claim.job_id, 2), SettleAnswer.APPLIED, JobStatus.QUEUED)]
    job = await world.job(claim.job_id)
    assert (job.lease_token, job.attempt, job.retry_count, job.lapse_count) == (2, 1, 1, 1)
    assert (job.error, job.lease_expires_at, job.started_at) == (lapsed(TASK), None, None)
    (attempt,) = await world.attempts(job.id)
    assert (attempt.attempt, attempt.outcome, attempt.worker_id) == (1, AttemptOutcome.CRASHED, WORKER)
    assert (attempt.error, near(attempt.started_at, await world.now() - minutes(1))) == (lapsed(TASK), True)
    again = await world.reclaimed(job.id)
    assert (again.fence.token, again.attempt, again.retry_count) == (3, 2, 1)


async def test_the_decision_sees_the_job_as_taken_over(world: World) -> None:
    """Who decides is told the fresh token, the lapsed worker, whether it had begun, and who wants to cancel."""
    begun = await world.claimed(a_birth(max_retries=7))
    prefetched = await world.claimed(a_birth(), worker=OTHER_WORKER, begun=False)
    await world.cancel(prefetched.job_id)
    await world.let_pass(minutes(1))
    seen: dict[object, Claim] = {}

    def decide(claims: Sequence[Claim]) -> Sequence[Settlement]:
        seen.update((claim.job_id, claim) for claim in claims)
        return [decided(claim, Lapsed()) for claim in claims]

    assert len(await world.leases.lapse(10, decide)) == 2
    first, second = seen[begun.job_id], seen[prefetched.job_id]
    assert (first.fence.token, first.begun, first.cancel_requested, first.worker_id) == (2, True, False, WORKER)
    assert (first.max_retries, first.attempt, first.lapse_count, first.task) == (7, 1, 0, begun.task)
    assert (second.fence.token, second.begun, second.cancel_requested) == (2, False, True)
    assert second.worker_id == OTHER_WORKER


async def test_the_first_crash_runs_again_at_once_and_further_ones_back_off(world: World) -> None:
    """No wait after the first lapse; after the second the backoff counts."""
    claim = await world.claimed(a_birth(backoff=Fixed(base=600.0)))
    await world.let_pass(minutes(1))
    await world.lapse()
    assert near((await world.job(claim.job_id)).run_at, await world.now())
    await world.reclaimed(claim.job_id)
    await world.let_pass(minutes(1))
    await world.lapse()
    job = await world.job(claim.job_id)
    assert (job.lapse_count, near(job.run_at, await world.now() + minutes(10))) == (2, True)


async def test_a_lapse_before_the_start_costs_nothing(world: World) -> None:
    """A prefetched job that nobody had begun goes back uncharged."""
    claim = await world.claimed(a_birth(max_retries=0), begun=False)
    await world.let_pass(minutes(1))
    await world.lapse()
    job = await world.job(claim.job_id)
    assert (job.status, job.retry_count, job.lapse_count) == (JobStatus.QUEUED, 0, 1)
    (attempt,) = await world.attempts(job.id)
    assert (attempt.outcome, attempt.started_at) == (AttemptOutcome.CRASHED, None)


async def test_a_prefetched_job_that_had_begun_is_charged(world: World) -> None:
    """From the heartbeat that says so a prefetch counts as begun."""
    claim = await world.claimed(a_birth(max_retries=0), begun=False)
    await world.beat(claim, begun=True)
    await world.let_pass(minutes(1))
    await world.lapse()
    assert (await world.job(claim.job_id)).status is JobStatus.DEAD


async def test_a_job_that_kills_its_worker_dies_although_nobody_reports(world: World) -> None:
    """Lapses use up the budget: the first may be free, each later one is charged."""
    claim = await world.claimed(a_birth(max_retries=1), begun=False)
    statuses = []
    for _ in range(3):
        await world.let_pass(minutes(1))
        statuses += [settled.status for settled in await world.lapse()]
        await world.let_pass(minutes(1))
        await world.claim()
    assert statuses == [JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.DEAD]
    assert [attempt.attempt for attempt in await world.attempts(claim.job_id)] == [1, 2, 3]


async def test_a_lapse_ends_what_somebody_asked_to_cancel(world: World) -> None:
    """A cancel request wins over going back, and over dying of the last crash."""
    back, dying = await world.claimed(a_birth()), await world.claimed(a_birth(max_retries=0))
    for claim in (back, dying):
        await world.cancel(claim.job_id)
    await world.let_pass(minutes(1))
    assert [settled.status for settled in await world.lapse()] == [JobStatus.CANCELLED] * 2


async def test_lapses_are_bounded_and_oldest_first(world: World) -> None:
    """A pass takes no more than it was allowed, those longest without a lease first."""
    claims = []
    for _ in range(3):
        claims.append(await world.claimed(a_birth()))
        await world.let_pass(seconds(5))
    await world.beat(claims[0])
    await world.let_pass(minutes(1))
    taken = [settled.fence.job_id for _ in range(4) for settled in await world.lapse(limit=1)]
    assert taken == [claims[n].job_id for n in (1, 2, 0)]


async def test_a_settled_job_does_not_lapse(world: World) -> None:
    """What ended, or went back, has no lease that could run out."""
    ended, back = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.settle(ended, Succeeded())
    await world.settle(back, Failed(OOPS))
    await world.let_pass(minutes(10))
    assert not await world.lapse()


async def test_a_late_success_before_the_take_over_counts(world: World) -> None:
    """A lease that ran out is still the holder's to settle until somebody takes the job over."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(10))
    assert (await world.ended(claim, Succeeded())).status is JobStatus.SUCCEEDED


async def test_a_lapse_collides_with_no_unique_key(world: World) -> None:
    """A younger job may hold the key by then: the lapsed one goes back all the same."""
    unique = Unique("k")
    claim = await world.claimed(a_birth(unique=attrs.evolve(unique, held_while=UniqueWhile.QUEUED)))
    await world.enqueue(a_birth(unique=unique))
    await world.let_pass(minutes(1))
    assert [settled.status for settled in await world.lapse()] == [JobStatus.QUEUED]
    assert (await world.job(claim.job_id)).unique_slot is None


async def test_concurrent_passes_settle_each_lapse_once(world: World) -> None:
    """Any number of processes may recover lapses at the same time."""
    await world.enqueue(*(a_birth() for _ in range(30)))
    claims = await world.claim()
    await world.let_pass(minutes(1))
    passes = [RecoverLapses(world.another_leases(), FixedJitter()) for _ in range(3)]
    settled = [told for answers in await asyncio.gather(*(run(100) for run in passes)) for told in answers]
    assert sorted(told.fence for told in settled) == sorted(Fence(claim.job_id, 2) for claim in claims)
    assert {told.answer for told in settled} == {SettleAnswer.APPLIED}
