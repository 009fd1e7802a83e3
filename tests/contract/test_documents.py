"""Documents that no database holds: told apart from their set, before they do harm."""

import pytest
from tests.builders import LEASE, a_birth
from tests.contract.world import World, decided

from equeue.adapters.memory.platform import FixedJitter
from equeue.application.ports.jobs import SettleAnswer
from equeue.application.settle import UNSTORABLE, Ending, SettleAttempts
from equeue.domain.errors import InvalidJob
from equeue.domain.lease import Pulse
from equeue.domain.outcomes import Outcome, Released, Succeeded
from equeue.domain.status import JobStatus

MIB = 1024 * 1024
BAD = {
    "grows beyond its bound once stored": b"[" + b"1," * 400_000 + b"1]",
    "one byte too long": b'"' + b"x" * (MIB - 1) + b'"',
    "a number that grows": b"[" + b",".join([b"1e9000"] * 120) + b"]",
    "a number beyond all bounds": b"1e200000",
    "NUL": b'"\\u0000"',
    "NUL in a key": b'{"a\\u0000": 1}',
    "lone surrogate": b'"\\ud800"',
    "invalid UTF-8": b'"\xff"',
    "NaN": b"NaN",
    "not JSON": b"{",
    "nothing": b"",
    "nested too deep": b"[" * 50_000 + b"]" * 50_000,
}
GOOD = {
    "as long as may be": b'"' + b"x" * (MIB - 2) + b'"',
    "numbers of many digits": b"[1e400, 123456789012345678901234567890.5, -0.0]",
    "signs of all kinds": '{"é🐘\\n\\u001f": "\\"\\\\\x7f"}'.encode(),
    "nested": b"[" * 500 + b"]" * 500,
}
each_bad = pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
each_good = pytest.mark.parametrize("good", GOOD.values(), ids=GOOD.keys())


@each_bad
async def test_a_bad_result_is_told_from_the_rest_of_its_set(world: World, bad: bytes) -> None:
    """The others are settled; the bad one changes nothing and can be decided again."""
    claims = [await world.claimed(a_birth()) for _ in range(3)]
    outcomes: list[Outcome] = [Succeeded(b"1"), Succeeded(bad), Released()]
    answers = await world.leases.settle([decided(*pair) for pair in zip(claims, outcomes, strict=True)])
    assert [told.answer for told in answers] == [SettleAnswer.APPLIED, SettleAnswer.UNSTORABLE, SettleAnswer.APPLIED]
    assert (await world.job(claims[1].job_id)).status is JobStatus.RUNNING
    (told,) = await SettleAttempts(world.leases, FixedJitter())([Ending(claims[1], Succeeded(bad))])
    assert (told.answer, told.status) == (SettleAnswer.APPLIED, JobStatus.DEAD)
    assert (await world.job(claims[1].job_id)).error == UNSTORABLE


@each_good
async def test_a_good_result_is_kept(world: World, good: bytes) -> None:
    """Up to the very bound, and whatever signs and numbers it has."""
    job = await world.ended(await world.claimed(a_birth()), Succeeded(good))
    assert job.status is JobStatus.SUCCEEDED


@each_bad
async def test_a_bad_payload_is_pointed_out_and_nothing_is_stored(world: World, bad: bytes) -> None:
    """The pointer names the birth; its neighbours are not stored either."""
    good = a_birth()
    for payload in (b'{"a": ' + bad + b"}", b"[]"):
        with pytest.raises(InvalidJob) as refused:
            await world.add(good, a_birth(payload=payload))
        (violation,) = refused.value.violations
        assert violation.pointer.startswith("/1")
    assert await world.reads.get(good.job_id) is None


async def test_bad_progress_costs_no_lease(world: World) -> None:
    """All leases of the set are extended; what was told of progress before stays."""
    first, second = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.leases.heartbeat([Pulse(first.fence, progress=b"1")], LEASE)
    for bad in (b'"\\u0000"', b'"\xff', b"no json", b'"' + b"x" * 100_000 + b'"'):
        answer = await world.leases.heartbeat([Pulse(first.fence, progress=bad), Pulse(second.fence)], LEASE)
        assert not answer.lost
    assert (await world.job(first.job_id)).progress == b"1"
