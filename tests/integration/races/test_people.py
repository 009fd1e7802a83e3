"""Commands of people that race with workers and with each other: exactly one wins, and the loser is told why."""

from functools import partial

import pytest
from tests.builders import LEASE, OOPS, a_birth, a_unique_birth, an_order
from tests.contract.world import decided
from tests.integration.races.conftest import Arena

from equeue.application.manage import Moved
from equeue.application.ports.jobs import Created, Existing, Rejected, SettleAnswer
from equeue.domain.errors import AlreadyFinished, InvalidTransition
from equeue.domain.outcomes import Failed, Succeeded
from equeue.domain.spec import OnConflict, Unique
from equeue.domain.status import JobStatus

pytestmark = pytest.mark.timeout(600)


async def test_cancel_races_complete(arena: Arena) -> None:
    """R7: success wins over cancel, whichever came first; who cancels is told which it was."""
    for number in arena.rounds():
        claim = await arena.world.claimed(a_birth())
        told, answer = await arena.race_behind(
            claim.job_id,
            number,
            partial(arena.world.leases.settle, [decided(claim, Succeeded(b"1"))]),
            partial(arena.world.cancel, claim.job_id),
        )
        job = await arena.world.job(claim.job_id)
        assert told[0].answer is SettleAnswer.APPLIED
        assert job.status is JobStatus.SUCCEEDED
        requested = isinstance(answer, Moved) and answer.job.status is JobStatus.RUNNING
        assert requested or isinstance(answer, AlreadyFinished)
        assert requested == (job.cancel_requested_at is not None)


async def test_cancel_races_a_failure_that_would_go_back(arena: Arena) -> None:
    """R8: a cancelled job is not resurrected by a retry, whichever came first."""
    for number in arena.rounds():
        claim = await arena.world.claimed(a_birth())

        async def fail() -> SettleAnswer:
            settled = await arena.world.settle(claim, Failed(OOPS))  # noqa: B023 - awaited within the round
            if settled.answer is SettleAnswer.CANCEL_REQUESTED:
                settled = await arena.world.settle(claim.with_cancel_requested(), Failed(OOPS))  # noqa: B023
            return settled.answer

        answer, _ = await arena.race_behind(claim.job_id, number, fail, partial(arena.world.cancel, claim.job_id))
        assert answer is SettleAnswer.APPLIED
        assert (await arena.world.job(claim.job_id)).status is JobStatus.CANCELLED


async def test_cancel_races_claim(arena: Arena) -> None:
    """R6: either the job never starts, or its worker is asked to stop."""
    for number in arena.rounds():
        (job,) = await arena.world.enqueue(a_birth())
        claims, answer = await arena.race(
            number,
            lambda: arena.world.leases.claim(an_order(limit=1)),
            partial(arena.world.cancel, job.id),
        )
        assert isinstance(answer, Moved)
        now = await arena.world.job(job.id)
        if claims:
            assert now.status is JobStatus.RUNNING
            assert now.cancel_requested_at is not None
            await arena.world.settle(claims[0].with_cancel_requested(), Failed(OOPS))
        else:
            assert now.status is JobStatus.CANCELLED


async def test_a_double_click_on_retry_is_one_retry(arena: Arena) -> None:
    """R11: the second is told that the job is not dead any more."""
    for number in arena.rounds():
        claim = await arena.world.claimed(a_birth(max_retries=0))
        await arena.world.settle(claim, Failed(OOPS))
        manage, job_id = arena.world.manage, claim.job_id
        got = await arena.race_behind(job_id, number, *[partial(manage.retry, [job_id])] * 2)
        answers = [answers[job_id] for answers in got]
        assert sum(isinstance(answer, Moved) for answer in answers) == 1
        assert sum(isinstance(answer, InvalidTransition) for answer in answers) == 1
        await arena.world.cancel(job_id)


@pytest.mark.parametrize("on_conflict", list(OnConflict))
async def test_enqueues_of_one_unique_key_make_one_job(arena: Arena, on_conflict: OnConflict) -> None:
    """F11: one row per key; the loser learns of the winner."""
    for number in arena.rounds():
        unique = Unique(f"key-{number}", on_conflict=on_conflict)
        births = [a_unique_birth(unique) for _ in range(4)]
        got = await arena.race(number, *[partial(arena.world.add, birth) for birth in births])
        answers = [answer for (answer,) in got]
        created = [answer.job.id for answer in answers if isinstance(answer, Created)]
        existing = [answer.job.id for answer in answers if isinstance(answer, Existing)]
        rejected = [answer.existing_job_id for answer in answers if isinstance(answer, Rejected)]
        assert len(created) == 1
        assert set(existing + rejected) == set(created)
        assert len(rejected if on_conflict is OnConflict.REJECT else existing) == 3


async def test_an_enqueue_races_the_end_of_the_key_s_holder(arena: Arena) -> None:
    """R15: the caller gets the holder while it lives or a new job after it, never nothing and never two."""
    for number in arena.rounds():
        unique = Unique(f"key-{number}")
        holder = await arena.world.claimed(a_unique_birth(unique))
        told, ((answer,)) = await arena.race(
            number,
            partial(arena.world.leases.settle, [decided(holder, Succeeded())]),
            partial(arena.world.add, a_unique_birth(unique)),
        )
        assert told[0].answer is SettleAnswer.APPLIED
        assert isinstance(answer, Created | Existing)
        assert isinstance(answer, Existing) == (answer.job.id == holder.job_id)
        if isinstance(answer, Created):
            await arena.world.cancel(answer.job.id)


async def test_an_enqueue_races_the_lapse_of_the_key_s_holder(arena: Arena) -> None:
    """R16: a lapse never collides with a duplicate, and the duplicate finds the holder."""
    for number in arena.rounds():
        unique = Unique(f"key-{number}")
        holder = await arena.world.claimed(a_unique_birth(unique))
        await arena.world.let_pass(LEASE * 2)
        lapses, ((answer,)) = await arena.race(
            number, arena.world.lapse, partial(arena.world.add, a_unique_birth(unique))
        )
        assert [settled.answer for settled in lapses] == [SettleAnswer.APPLIED]
        assert isinstance(answer, Existing)
        assert answer.job.id == holder.job_id
        await arena.world.cancel(holder.job_id)
