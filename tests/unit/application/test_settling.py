"""Settling and maintenance: facts become decisions, and what comes of them is told."""

import pytest
from tests.builders import NOON, OOPS, WORKER, a_birth, minutes, seconds
from tests.contract.memory_world import memory_world_on
from tests.contract.world import World
from tests.model.sides import TickingClock

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.failure_policies import FailurePolicies
from equeue.application.maintenance import ExpireJobs, ForgetAnswers, RecoverLapses
from equeue.application.ports.idempotency import IdempotencyKey
from equeue.application.ports.jobs import SettleAnswer
from equeue.application.ports.queue import Received
from equeue.application.settle import Ending, SettleAttempts
from equeue.application.signals import announce
from equeue.domain.events import CancelRequested, JobEdited, JobEnded, JobQueued
from equeue.domain.outcomes import Failed, Snoozed, Succeeded
from equeue.domain.retry import Exponential
from equeue.domain.status import JobStatus

HALF = FixedJitter(0.5)
LONG = Exponential(base=100.0, jitter=1.0)


@pytest.fixture
def world() -> World:
    """Return an empty world in memory."""
    return memory_world_on(TickingClock())


async def test_endings_are_decided_with_the_systems_backoff_and_chance(world: World) -> None:
    """The use case's own backoff and jitter are what its decisions are made with."""
    claim = await world.claimed(a_birth())
    before = await world.now()
    (told,) = await SettleAttempts(world.leases, HALF, FailurePolicies(backoff=LONG))(
        [Ending(claim, Failed(OOPS), seconds(3))]
    )
    job = await world.job(claim.job_id)
    assert (told.fence, told.answer, told.status) == (claim.fence, SettleAnswer.APPLIED, JobStatus.QUEUED)
    assert seconds(50) <= job.run_at - before < seconds(51)
    (attempt,) = await world.attempts(job.id)
    assert attempt.started_at == attempt.finished_at - seconds(3)


async def test_repeating_a_call_is_harmless(world: World) -> None:
    """Each ending is answered as repeated, in order, also those that a cancel had overruled."""
    claims = [await world.claimed(a_birth()) for _ in range(3)]
    await world.cancel(claims[1].job_id)
    settle = SettleAttempts(world.leases, HALF)
    endings = [Ending(claims[0], Succeeded()), Ending(claims[1], Failed(OOPS)), Ending(claims[2], Snoozed(minutes(1)))]
    statuses = [JobStatus.SUCCEEDED, JobStatus.CANCELLED, JobStatus.QUEUED]
    for answer in (SettleAnswer.APPLIED, SettleAnswer.REPEATED):
        told = await settle(endings)
        assert [(each.fence, each.answer, each.status) for each in told] == [
            (claim.fence, answer, status) for claim, status in zip(claims, statuses, strict=True)
        ]
    assert not await settle([])


async def test_a_last_failure_yields_to_a_cancel_the_worker_had_not_heard_of(world: World) -> None:
    """Dead or cancelled must not depend on what the worker happened to know."""
    for knowing in (True, False):
        claim = await world.claimed(a_birth(max_retries=0))
        await world.cancel(claim.job_id)
        ending = Ending(claim.with_cancel_requested() if knowing else claim, Failed(OOPS))
        (told,) = await SettleAttempts(world.leases, HALF)([ending])
        assert (told.answer, told.status) == (SettleAnswer.APPLIED, JobStatus.CANCELLED)


async def test_lapses_are_recovered_through_the_same_decision(world: World) -> None:
    """Bounded a pass, with the system's backoff from the second lapse on."""
    claims = [await world.claimed(a_birth()) for _ in range(3)]
    await world.let_pass(minutes(1))
    recover = RecoverLapses(world.leases, HALF, FailurePolicies(backoff=LONG))
    assert [len(await recover(2)), len(await recover(2)), len(await recover())] == [2, 1, 0]
    again = await world.reclaimed(claims[0].job_id)
    await world.let_pass(minutes(1))
    before = await world.now()
    await recover()
    assert seconds(100) <= (await world.job(again.job_id)).run_at - before < seconds(101)


async def test_expiry_is_counted(world: World) -> None:
    """Maintenance tells how much it did."""
    soon = await world.now() + seconds(1)
    await world.enqueue(*(a_birth(expires_at=soon) for _ in range(3)))
    await world.let_pass(seconds(2))
    assert [await ExpireJobs(world.leases)(2), await ExpireJobs(world.leases)()] == [2, 1]


async def test_answers_past_their_time_are_forgotten_for_good(world: World) -> None:
    """The pass commits what it drops."""
    async with world.units_of_work() as unit:
        for name in ("a", "b"):
            key = IdempotencyKey("user:1", name, b"h")
            await unit.idempotency.reserve(key)
            await unit.idempotency.remember(key, b"{}")
        await unit.commit()
    forget = ForgetAnswers(world.units_of_work)
    assert await forget() == 0
    await world.let_pass(minutes(24 * 60 + 1))
    assert [await forget(1), await forget(), await forget()] == [1, 1, 0]


async def test_news_reach_those_whom_they_concern(world: World) -> None:
    """Claimable jobs wake their queue, cancel requests ring, edits and ends are nobody's alarm."""
    job_id = a_birth().job_id
    await announce(
        world.queue,
        [
            JobQueued(job_id, "a", 5, NOON),
            CancelRequested(job_id, "b", WORKER),
            JobEdited(job_id, "c"),
            JobEnded(job_id, "d", JobStatus.CANCELLED),
        ],
    )
    received = await world.queue.receive(["a", "b", "c", "d"], seconds(0))
    assert received == Received(queues=frozenset({"a"}), cancels=frozenset({job_id}))
    await announce(world.queue, [])
    assert not await world.queue.receive(["a", "b", "c", "d"], seconds(0))
