"""Which jobs a claim takes, in which order, and what taking them means."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from tests.builders import LEASE, OOPS, OTHER_WORKER, OWNER, WORKER, a_birth, an_order, minutes, seconds
from tests.contract.world import World, near

from equeue.application.ports.jobs import Change, Created, Existing
from equeue.domain.outcomes import Failed, Snoozed, Succeeded
from equeue.domain.spec import Unique, UniqueWhile
from equeue.domain.status import JobStatus


async def test_claim_leases_a_due_job_to_the_worker(world: World) -> None:
    """A claimed job is running, for the first time, under token 1, held by the claimer until the lease ends."""
    (job,) = await world.enqueue(a_birth(payload=b'{"a": 1}', tags=("x", "y"), owner=OWNER))
    (claim,) = await world.claim()
    now = await world.now()
    held = await world.job(job.id)
    assert (held.status, held.attempt, held.lease_token, held.worker_id) == (JobStatus.RUNNING, 1, 1, WORKER)
    assert near(held.lease_expires_at, now + LEASE)
    assert near(held.started_at, now)
    assert held.fence == claim.fence
    assert (claim.job_id, claim.task, claim.queue, claim.attempt) == (job.id, job.task, job.queue, 1)
    assert (claim.tags, claim.user_id, claim.parent_id) == (("x", "y"), OWNER, None)
    assert (claim.retry_count, claim.max_retries, claim.lapse_count) == (0, 3, 0)
    assert (claim.begun, claim.cancel_requested, claim.worker_id) == (True, False, WORKER)
    assert (claim.created_at, claim.run_at, claim.priority) == (job.created_at, job.run_at, job.priority)
    assert (claim.lease_expires_at, claim.timeout) == (held.lease_expires_at, job.timeout)
    assert claim.payload == held.payload


async def test_nothing_is_claimed_twice(world: World) -> None:
    """A held job is not there for the next claimer."""
    await world.enqueue(a_birth(), a_birth())
    assert len(await world.claim()) == 2
    assert not await world.claim(worker=OTHER_WORKER)


async def test_claim_takes_at_most_its_limit(world: World) -> None:
    """A worker gets no more jobs than it has room for."""
    await world.enqueue(*(a_birth() for _ in range(5)))
    assert len(await world.claim(limit=2)) == 2
    assert len(await world.claim(limit=9)) == 3


async def test_claims_follow_priority_then_queue_then_due_time_then_id(world: World) -> None:
    """Lower priority numbers first; then the worker's order of queues; then the longest due; then the oldest id."""
    now = await world.now()
    births = {
        name: a_birth(queue=queue, priority=priority, run_at=now - minutes(late))
        for name, queue, priority, late in [
            ("late_in_b", "b", 5, 9),
            ("second", "a", 5, 2),
            ("third", "a", 5, 1),
            ("third_twin", "a", 5, 1),
            ("urgent", "b", 0, 0),
            ("last", "a", 9, 600),
        ]
    }
    await world.enqueue(*births.values())
    expected = ["urgent", "second", "third", "third_twin", "late_in_b", "last"]
    claims = await world.leases.claim(an_order("a", "b"))
    assert [claim.job_id for claim in claims] == [births[name].job_id for name in expected]


async def test_the_limit_cuts_the_order_and_not_a_queue(world: World) -> None:
    """With room for two, the two most urgent of all queues are taken."""
    low, middle, high = a_birth(queue="a", priority=9), a_birth(queue="b", priority=3), a_birth(queue="c", priority=1)
    await world.enqueue(low, middle, high)
    claims = await world.leases.claim(an_order("a", "b", "c", limit=2))
    assert [claim.job_id for claim in claims] == [high.job_id, middle.job_id]


async def test_only_the_queues_asked_for_are_claimed(world: World) -> None:
    """Other queues' jobs stay; no queues, no jobs."""
    here, there = a_birth(queue="here"), a_birth(queue="there")
    await world.enqueue(here, there)
    assert [claim.job_id for claim in await world.claim("here")] == [here.job_id]
    assert (await world.job(there.job_id)).status is JobStatus.QUEUED


async def test_a_job_is_not_claimed_before_it_is_due(world: World) -> None:
    """A delay and a start time in the future both hold a job back until they have passed."""
    await world.enqueue(a_birth(delay=minutes(5)), a_birth(run_at=await world.now() + minutes(5)))
    await world.let_pass(minutes(4))
    assert not await world.claim()
    await world.let_pass(minutes(2))
    assert len(await world.claim()) == 2


async def test_an_expired_job_is_never_claimed(world: World) -> None:
    """From `expires_at` on no claim starts the job, although nobody has cancelled it yet."""
    (job,) = await world.enqueue(a_birth(expires_at=await world.now() + minutes(5)))
    await world.let_pass(minutes(6))
    assert not await world.claim()
    assert not await world.leases.claim(an_order(), [job.id])


async def test_only_known_tasks_are_claimed(world: World) -> None:
    """A worker leaves tasks that it does not know to others."""
    known, unknown = a_birth(task="known"), a_birth(task="unknown")
    await world.enqueue(unknown, known)
    claims = await world.leases.claim(an_order(tasks=frozenset({"known", "another"})))
    assert [claim.job_id for claim in claims] == [known.job_id]
    assert not await world.leases.claim(an_order(tasks=frozenset()))


async def test_ids_narrow_a_claim_and_widen_nothing(world: World) -> None:
    """Of the ids named, only what is due, in the queues asked for and of known tasks is claimed, in claim order."""
    later, first, elsewhere, future = (
        a_birth(priority=7),
        a_birth(priority=1),
        a_birth(queue="elsewhere"),
        a_birth(delay=minutes(1)),
    )
    bystander = a_birth()
    await world.enqueue(later, first, elsewhere, future, bystander)
    named = [later.job_id, first.job_id, elsewhere.job_id, future.job_id, a_birth().job_id]
    claims = [*await world.leases.claim(an_order(limit=1), named), *await world.leases.claim(an_order(), named)]
    assert [claim.job_id for claim in claims] == [first.job_id, later.job_id]
    assert not await world.leases.claim(an_order(), [])
    assert not await world.leases.claim(an_order(), named)


async def test_each_claim_is_a_new_attempt_under_a_new_token(world: World) -> None:
    """Attempts and tokens grow by one at each claim, whatever brought the job back."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Snoozed(seconds(0)))
    again = await world.reclaimed(claim.job_id)
    assert (again.attempt, again.fence.token) == (2, 2)
    await world.settle(again, Failed(OOPS, retry_after=seconds(0)))
    third = await world.reclaimed(claim.job_id)
    assert (third.attempt, third.fence.token, third.retry_count) == (3, 3, 1)


async def test_a_prefetch_has_not_begun(world: World) -> None:
    """A prefetched job has a lease and no start."""
    claim = await world.claimed(a_birth(), begun=False)
    assert not claim.begun
    assert (await world.job(claim.job_id)).started_at is None


async def test_a_job_whose_lease_ran_out_is_never_prefetched(world: World) -> None:
    """What may have killed a worker is only claimed straight into a free slot."""
    claim = await world.claimed(a_birth())
    await world.let_pass(minutes(1))
    await world.lapse()
    assert not await world.claim(begun=False)
    (again,) = await world.claim(begun=True)
    assert (again.job_id, again.lapse_count, again.begun) == (claim.job_id, 1, True)


@pytest.mark.parametrize("held_while", UniqueWhile)
async def test_a_first_claim_frees_the_key_of_a_queued_scope_only(world: World, held_while: UniqueWhile) -> None:
    """A key held while queued is free from the claim on; one held while active is not."""
    await world.claimed(a_birth(unique=Unique("k", held_while)))
    (answer,) = await world.add(a_birth(unique=Unique("k", held_while)))
    assert isinstance(answer, Created if held_while is UniqueWhile.QUEUED else Existing)


async def test_ended_jobs_are_not_claimed(world: World) -> None:
    """No claim takes what has ended."""
    claim = await world.claimed(a_birth())
    await world.settle(claim, Succeeded())
    assert not await world.leases.claim(an_order(), [claim.job_id])


async def test_concurrent_claims_give_disjoint_sets(world: World) -> None:
    """Workers that claim at the same time share all due jobs between them and none twice."""
    jobs = await world.enqueue(*(a_birth() for _ in range(60)))
    workers = [world.another_leases() for _ in range(4)]
    taken = Counter[object]()
    while sum(taken.values()) < len(jobs):
        answers = await asyncio.gather(*(worker.claim(an_order(limit=7)) for worker in workers))
        taken.update(claim.job_id for answer in answers for claim in answer)
    assert taken == Counter(job.id for job in jobs)


async def test_a_claim_passes_over_rows_that_another_transaction_holds(world: World) -> None:
    """A job that somebody is about to change is left alone, not waited for; the others are claimed."""
    changing, free = await world.enqueue(a_birth(priority=0), a_birth(priority=9))
    async with world.units_of_work() as unit:
        (before,) = await unit.jobs.load([changing.id])
        after, _ = before.cancel(await unit.now())
        assert not await unit.jobs.change([Change(before, after)])
        async with asyncio.timeout(10):
            assert [claim.job_id for claim in await world.claim()] == [free.id]
        await unit.commit()
    assert not await world.claim()


async def test_a_claim_keeps_its_lease_length(world: World) -> None:
    """The lease is as long as the worker asked."""
    await world.enqueue(a_birth())
    (claim,) = await world.claim(lease=timedelta(hours=2))
    assert near(claim.lease_expires_at, await world.now() + timedelta(hours=2))
