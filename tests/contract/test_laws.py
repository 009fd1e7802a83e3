"""The laws that hold over everything: each is one test for every store."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from tests.builders import LEASE, OOPS, a_birth, an_order, minutes, seconds
from tests.contract.world import World, decided, near

from equeue.application.ports.jobs import JobLeases, SettleAnswer
from equeue.application.ports.reads import JobFilter
from equeue.domain.errors import DomainError
from equeue.domain.ids import UUID
from equeue.domain.job import Job
from equeue.domain.lease import Claim, Pulse
from equeue.domain.outcomes import (
    AttemptOutcome,
    CancelAcknowledged,
    Crashed,
    Discarded,
    Failed,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from equeue.domain.status import JobStatus

OUTCOMES: list[Outcome] = [
    Succeeded(b"1"),
    Failed(OOPS),
    Failed(OOPS, retryable=False),
    Failed(OOPS, retry_after=minutes(3)),
    TimedOut(OOPS),
    Crashed(OOPS),
    Discarded(OOPS),
    Snoozed(minutes(2)),
    Released(),
    CancelAcknowledged(),
]


def facts(job: Job) -> tuple[object, ...]:
    """Return what a job has in common with its twin."""
    return (
        (job.status, job.attempt, job.lease_token, job.revision, job.retry_count, job.lapse_count),
        (job.result, job.error, job.worker_id, job.unique_slot),
        (
            job.cancel_requested_at is None,
            job.finished_at is None,
            job.started_at is None,
            job.lease_expires_at is None,
        ),
    )


async def test_plural_is_a_fold(world: World) -> None:
    """A set means what its elements mean one after the other: twins settled together and apart end alike."""
    together = [await world.claimed(a_birth(max_retries=n % 3)) for n, _ in enumerate(OUTCOMES * 3)]
    apart = [await world.claimed(a_birth(max_retries=n % 3)) for n, _ in enumerate(OUTCOMES * 3)]
    for claims in (together, apart):
        await world.manage.cancel([claim.job_id for claim in claims[::4]])
    outcomes = OUTCOMES * 3
    told = await world.leases.settle([decided(*pair) for pair in zip(together, outcomes, strict=True)])
    singly = [await world.settle(*pair) for pair in zip(apart, outcomes, strict=True)]
    assert [(each.answer, each.status) for each in told] == [(each.answer, each.status) for each in singly]
    for one, other in zip(together, apart, strict=True):
        left, right = await world.job(one.job_id), await world.job(other.job_id)
        assert facts(left) == facts(right)
        assert near(left.run_at, right.run_at)


@pytest.mark.parametrize("ending", [Succeeded(), Discarded(OOPS), CancelAcknowledged()])
async def test_what_has_ended_stays_as_it_is(world: World, ending: Outcome) -> None:
    """No claim, beat, word of a worker, pass of maintenance or time changes it; only an operator's retry may."""
    claim = await world.claimed(a_birth(expires_at=await world.now() + minutes(1)))
    before = await world.ended(claim, ending)
    for outcome in OUTCOMES:
        settled = await world.settle(claim, outcome)
        assert settled.answer in (SettleAnswer.LEASE_LOST, SettleAnswer.REPEATED)
    assert not await world.beat(claim)
    assert not await world.leases.claim(an_order(), [claim.job_id])
    await world.manage.run_now([claim.job_id])
    await world.manage.cancel([claim.job_id])
    assert await world.job(claim.job_id) == before
    await world.let_pass(minutes(60))
    assert not await world.lapse()
    assert not await world.leases.expire(10)
    answers = await world.manage.retry([claim.job_id])
    assert isinstance(answers[claim.job_id], DomainError) == isinstance(ending, Succeeded)


async def test_a_job_has_one_holder(world: World) -> None:
    """Of all the fences a job was ever claimed under only the last holds, and only while the job runs."""
    claims = [await world.claimed(a_birth(max_retries=9))]
    for ending in (Snoozed(seconds(0)), Failed(OOPS, retry_after=seconds(0)), Released()):
        await world.settle(claims[-1], ending)
        claims.append(await world.reclaimed(claims[0].job_id))
    await world.let_pass(minutes(1))
    await world.lapse()
    claims.append(await world.reclaimed(claims[0].job_id))
    answer = await world.leases.heartbeat([Pulse(claim.fence) for claim in claims], LEASE)
    assert answer.lost == {claim.fence for claim in claims[:-1]}
    tokens = [claim.fence.token for claim in claims]
    assert tokens == sorted(set(tokens))
    assert [claim.attempt for claim in claims] == [1, 2, 3, 4, 5]


async def test_nothing_is_lost_and_nothing_doubled(world: World) -> None:
    """Workers that fail, die, snooze and are cancelled under each other's hands end every job, once."""
    jobs = await world.enqueue(*(a_birth(max_retries=3, priority=n % 3) for n in range(40)))
    claimed = Counter[UUID]()
    applied = Counter[UUID]()

    async def work(leases: JobLeases, turn: int) -> None:
        claims = await leases.claim(an_order(limit=5, begun=turn % 2 == 0))
        claimed.update(claim.job_id for claim in claims)
        survived = [claim for claim in claims if (claim.job_id.int + turn) % 3]
        settled = await leases.settle([decided(claim, outcome_of(claim, turn)) for claim in survived])
        applied.update(told.fence.job_id for told in settled if told.answer is SettleAnswer.APPLIED)

    async def maintain() -> None:
        applied.update(told.fence.job_id for told in await world.lapse() if told.answer is SettleAnswer.APPLIED)

    workers = [world.another_leases() for _ in range(3)]
    for turn in range(200):
        await asyncio.gather(*(work(leases, turn) for leases in workers), maintain())
        if turn == 1:
            await world.manage.cancel([job.id for job in jobs[::7]])
        page = await world.reads.page(JobFilter(), limit=100)
        assert len(page.items) == len(jobs)
        if all(job.status.ended for job in page.items):
            break
        await world.let_pass(minutes(1))
    assert {job.id for job in page.items if job.status.ended} == {job.id for job in jobs}
    assert applied == claimed
    for job in page.items:
        attempts = await world.attempts(job.id)
        assert [attempt.attempt for attempt in attempts] == list(range(1, claimed[job.id] + 1))
        successes = sum(attempt.outcome is AttemptOutcome.SUCCEEDED for attempt in attempts)
        assert successes == (job.status is JobStatus.SUCCEEDED)


def outcome_of(claim: Claim, turn: int) -> Outcome:
    """Return how this worker's attempt ends this time."""
    choice = (claim.job_id.int // 3 + claim.attempt + turn) % 4
    return (Succeeded(), Failed(OOPS, retry_after=timedelta(0)), Released(), TimedOut(OOPS))[choice]
