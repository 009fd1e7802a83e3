"""What the database refuses to store is told from the rest of its set, and in the caller's words."""

import pytest
from tests.builders import a_birth
from tests.contract.world import World, decided

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.ports.jobs import SettleAnswer
from equeue.application.settle import UNSTORABLE, Ending, SettleAttempts
from equeue.domain.errors import InvalidJob
from equeue.domain.outcomes import Outcome, Released, Succeeded
from equeue.domain.status import JobStatus

GROWS = b"[" + b"1," * 400_000 + b"1]"
BAD = {
    "grows beyond 1 MiB once stored": GROWS,
    "NUL": b'"\\u0000"',
    "lone surrogate": b'"\\ud800"',
    "invalid UTF-8": b'"\xff"',
    "not JSON": b"{",
    "nested too deep": b"[" * 50_000 + b"]" * 50_000,
}
each_bad = pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())


@each_bad
async def test_a_bad_result_is_told_from_the_rest_of_its_set(world: World, bad: bytes) -> None:
    """The others are settled; the bad one changes nothing and can be decided again."""
    claims = [await world.claimed(a_birth()) for _ in range(3)]
    outcomes: list[Outcome] = [Succeeded(b"1"), Succeeded(bad), Released()]
    answers = await world.leases.settle(
        [decided(claim, outcome) for claim, outcome in zip(claims, outcomes, strict=True)]
    )
    assert [told.answer for told in answers] == [SettleAnswer.APPLIED, SettleAnswer.UNSTORABLE, SettleAnswer.APPLIED]
    assert (await world.job(claims[1].job_id)).status is JobStatus.RUNNING


@each_bad
async def test_a_job_with_a_bad_result_ends_dead_with_the_reason(world: World, bad: bytes) -> None:
    """Trying again would give the same result, so it is discarded; saying it twice changes nothing."""
    good, other = await world.claimed(a_birth()), await world.claimed(a_birth())
    settle = SettleAttempts(world.leases, FixedJitter())
    endings = [Ending(other, Succeeded(bad)), Ending(good, Succeeded(b"1"))]
    assert [told.status for told in await settle(endings)] == [JobStatus.DEAD, JobStatus.SUCCEEDED]
    dead = await world.job(other.job_id)
    assert dead.error == UNSTORABLE
    assert SettleAnswer.APPLIED not in {told.answer for told in await settle(endings)}
    assert await world.job(other.job_id) == dead


OBJECTS = {name: b'{"a": ' + document + b"}" for name, document in BAD.items()}


@pytest.mark.parametrize("payload", [*OBJECTS.values(), b"[]", b"null"], ids=[*OBJECTS, "no object", "null"])
async def test_a_bad_payload_is_pointed_out_and_nothing_is_stored(world: World, payload: bytes) -> None:
    """Alone or among others: the pointer names the birth, and the unit of work can only be left."""
    good = a_birth()
    for births in ([a_birth(payload=payload)], [good, a_birth(payload=payload), a_birth()]):
        with pytest.raises(InvalidJob) as refused:
            await world.add(*births)
        (violation,) = refused.value.violations
        assert violation.pointer.startswith(f"/{len(births) // 2}")
    assert not await world.reads.get(good.job_id)


async def test_each_bad_birth_of_a_set_is_pointed_out(world: World) -> None:
    """With its place and the rule that it broke."""
    with pytest.raises(InvalidJob) as refused:
        await world.add(a_birth(), a_birth(payload=b"[]"), a_birth(priority=77), a_birth(payload=b'{"a":"\\u0000"}'))
    assert [violation.pointer for violation in refused.value.violations] == ["/1/payload", "/2/priority", "/3"]
