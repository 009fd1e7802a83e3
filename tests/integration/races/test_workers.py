"""Commands of workers that race for one job: exactly one wins, and the loser is told why."""

from functools import partial

import pytest
from tests.builders import LEASE, OOPS, OTHER_WORKER, WORKER, a_birth, an_order
from tests.contract.world import World, decided
from tests.integration.races.conftest import Arena

from equeue.application.ports.jobs import SettleAnswer
from equeue.domain.lease import Claim
from equeue.domain.outcomes import AttemptOutcome, Failed, Outcome, Succeeded
from equeue.domain.status import JobStatus

pytestmark = pytest.mark.timeout(600)


async def lapsed_claim(world: World) -> Claim:
    """Return a claim whose lease has run out and which nobody took over yet."""
    claim = await world.claimed(a_birth())
    await world.let_pass(LEASE * 2)
    return claim


async def test_of_two_claimers_one_gets_the_job(arena: Arena) -> None:
    """R1: a job is leased once, however many ask for it at the same moment."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        got = await arena.race(
            number,
            lambda: arena.world.leases.claim(an_order(limit=1, worker=WORKER)),
            lambda: other.claim(an_order(limit=1, worker=OTHER_WORKER)),
        )
        claims = [claim for claims in got for claim in claims]
        assert [claim.job_id for claim in claims] == [job.id]
        assert claims[0].fence.token == 1


@pytest.mark.parametrize("outcome", [Succeeded(b"1"), Failed(OOPS)], ids=["complete", "fail"])
async def test_a_settlement_races_the_lapse_of_its_lease(arena: Arena, outcome: Outcome) -> None:
    """R3, R9: either the holder's word is written or the lapse is; the attempt is charged at most once."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        claim = await lapsed_claim(arena.world)
        settled, lapses = await arena.race(
            number,
            partial(other.settle, [decided(claim, outcome)]),
            arena.world.lapse,
        )
        won = settled[0].answer is SettleAnswer.APPLIED
        assert won != bool(lapses)
        assert won or settled[0].answer is SettleAnswer.LEASE_LOST
        job = await arena.world.job(claim.job_id)
        assert job.lease_token == (1 if won else 2)
        assert job.retry_count == (0 if won and isinstance(outcome, Succeeded) else 1)
        attempts = await arena.world.attempts(claim.job_id)
        assert len(attempts) == 1
        assert (attempts[0].outcome is AttemptOutcome.CRASHED) != won
        await arena.world.cancel(job.id) if not job.status.ended else None


async def test_a_heartbeat_races_the_lapse_of_its_lease(arena: Arena) -> None:
    """R4: either the lease lives on, or its holder is told that it is lost."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        claim = await lapsed_claim(arena.world)
        alive, lapses = await arena.race(
            number,
            partial(arena.world.beat, claim),
            lambda: other.lapse(100, lambda claims: [decided(each, Failed(OOPS)) for each in claims]),
        )
        assert alive != bool(lapses)
        job = await arena.world.job(claim.job_id)
        assert job.status is (JobStatus.RUNNING if alive else JobStatus.QUEUED)
        assert (await arena.world.settle(claim, Succeeded())).answer is (
            SettleAnswer.APPLIED if alive else SettleAnswer.LEASE_LOST
        )
        if not alive:
            await arena.world.cancel(job.id)


async def test_the_same_settlement_twice_at_once_is_applied_once(arena: Arena) -> None:
    """A repeated write is told that it repeats, and has no second effect."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        claim = await arena.world.claimed(a_birth())
        told = await arena.race_behind(
            claim.job_id,
            number,
            partial(arena.world.leases.settle, [decided(claim, Failed(OOPS))]),
            partial(other.settle, [decided(claim, Failed(OOPS))]),
        )
        answers = sorted(answer.answer for answers in told for answer in answers)
        assert answers == [SettleAnswer.APPLIED, SettleAnswer.REPEATED]
        assert (await arena.world.job(claim.job_id)).retry_count == 1


async def test_two_ends_of_one_attempt_leave_one(arena: Arena) -> None:
    """I2: of two different words about one attempt the first is kept, the second is refused."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        claim = await arena.world.claimed(a_birth(max_retries=0))
        done, failed = await arena.race_behind(
            claim.job_id,
            number,
            partial(arena.world.leases.settle, [decided(claim, Succeeded(b"7"))]),
            partial(other.settle, [decided(claim, Failed(OOPS))]),
        )
        assert sorted([done[0].answer, failed[0].answer]) == [SettleAnswer.APPLIED, SettleAnswer.LEASE_LOST]
        status = (await arena.world.job(claim.job_id)).status
        assert status is (JobStatus.SUCCEEDED if done[0].answer is SettleAnswer.APPLIED else JobStatus.DEAD)


async def test_two_lapse_passes_take_over_once(arena: Arena) -> None:
    """A lease that ran out is taken over by one process."""
    other = arena.world.another_leases()
    for number in arena.rounds():
        claim = await lapsed_claim(arena.world)
        got = await arena.race(
            number,
            arena.world.lapse,
            lambda: other.lapse(100, lambda claims: [decided(each, Failed(OOPS)) for each in claims]),
        )
        assert sum(len(lapses) for lapses in got) == 1
        job = await arena.world.job(claim.job_id)
        assert (job.lease_token, job.retry_count) == (2, 1)
        await arena.world.cancel(job.id)
