"""Children are born in the transaction that stores their parent's success, or not at all."""

from typing import Any

import attrs
from tests.builders import OOPS, OWNER, a_birth, seconds
from tests.contract.world import World, decided, near

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.ports.jobs import SettleAnswer
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.lease import Claim
from equeue.domain.outcomes import Discarded, Failed, Released, Snoozed, Succeeded
from equeue.domain.settlement import Settlement
from equeue.domain.spec import Birth, Unique
from equeue.domain.status import JobStatus


def child_of(claim: Claim, **facts: Any) -> Birth:
    """Return the birth of a job that the claim's handler asked for."""
    return a_birth(owner=OWNER, parent=claim.job_id, **facts)


def with_children(claim: Claim, *children: Birth) -> Settlement:
    """Return a success that brings children."""
    return attrs.evolve(decided(claim, Succeeded(b"1")), children=children)


async def exists(world: World, birth: Birth) -> bool:
    """Tell whether a child was born."""
    return await world.reads.get(birth.job_id) is not None


async def test_children_are_born_with_the_success(world: World) -> None:
    """As new jobs, with all their settings, their parent and its owner; delays count from the settle."""
    claim = await world.claimed(a_birth())
    one, other = child_of(claim, payload=b'{"n": 1}', tags=("a",)), child_of(claim, delay=seconds(60), priority=1)
    (told,) = await world.leases.settle([with_children(claim, one, other)])
    assert told.answer is SettleAnswer.APPLIED
    born, delayed = await world.job(one.job_id), await world.job(other.job_id)
    assert (born.status, born.parent_id, born.user_id, born.tags) == (JobStatus.QUEUED, claim.job_id, OWNER, ("a",))
    assert (delayed.priority, near(delayed.run_at, await world.now() + seconds(60))) == (1, True)
    assert (await world.job(claim.job_id)).status is JobStatus.SUCCEEDED


async def test_children_of_a_set_belong_to_their_own_parents(world: World) -> None:
    """One parent whose lease is gone loses its children, its neighbours keep theirs."""
    claims = [await world.claimed(a_birth()) for _ in range(3)]
    children = [child_of(claim) for claim in claims]
    await world.settle(claims[1], Released())
    told = await world.leases.settle([with_children(*pair) for pair in zip(claims, children, strict=True)])
    assert [each.answer for each in told] == [SettleAnswer.APPLIED, SettleAnswer.LEASE_LOST, SettleAnswer.APPLIED]
    assert [await exists(world, child) for child in children] == [True, False, True]


async def test_a_repeated_settle_bears_nothing_twice(world: World) -> None:
    """The first one's children stay as they are."""
    claim = await world.claimed(a_birth())
    child = child_of(claim)
    await world.leases.settle([with_children(claim, child)])
    before = await world.job(child.job_id)
    (told,) = await world.leases.settle([with_children(claim, child)])
    assert (told.answer, await world.job(child.job_id)) == (SettleAnswer.REPEATED, before)


async def test_a_held_unique_key_is_left_to_its_holder(world: World) -> None:
    """The parent succeeds all the same."""
    holder = a_birth(owner=OWNER, unique=Unique("one"))
    await world.enqueue(holder)
    claim = await world.claimed(a_birth(queue="parents"))
    held, free = child_of(claim, unique=Unique("one")), child_of(claim, unique=Unique("two"))
    again = child_of(claim, unique=Unique("two"))
    (told,) = await world.leases.settle([with_children(claim, held, free, again)])
    assert told.answer is SettleAnswer.APPLIED
    assert [await exists(world, child) for child in (held, free, again)] == [False, True, False]


async def test_a_child_that_cannot_be_stored_fails_its_own_parent_alone(world: World) -> None:
    """A payload that outgrows its bound once stored ends its parent as discarded; the neighbour is not touched."""
    claims = [await world.claimed(a_birth()) for _ in range(2)]
    swelling = child_of(claims[0], payload=b'{"n": [%s]}' % b",".join([b"1e308"] * 10_000))
    fine = child_of(claims[1])
    settle = SettleAttempts(world.leases, FixedJitter())
    told = await settle(
        [Ending(claims[0], Succeeded(), None, (swelling,)), Ending(claims[1], Succeeded(), None, (fine,))]
    )
    assert await exists(world, fine)
    if await exists(world, swelling):
        return  # memory keeps payloads as they came
    assert [each.status for each in told] == [JobStatus.DEAD, JobStatus.SUCCEEDED]


async def test_only_success_bears_children(world: World) -> None:
    """The decision drops them with every other outcome."""
    for outcome in (Failed(OOPS), Discarded(OOPS), Snoozed(seconds(1)), Released()):
        claim = await world.claimed(a_birth())
        child = child_of(claim)
        await SettleAttempts(world.leases, FixedJitter())([Ending(claim, outcome, None, (child,))])
        assert not await exists(world, child)
