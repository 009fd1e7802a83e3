"""All that a unit of work did is kept by its commit, or nothing is."""

import pytest
from tests.builders import a_birth, minutes, seconds
from tests.contract.world import World, near

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.idempotency import Fresh, IdempotencyKey
from equeue.domain.status import JobStatus

KEY = IdempotencyKey("user:1", "k", b"h" * 32)


async def write_everything(world: World, *, commit: bool) -> None:
    """Write to each part of one unit, and keep it or not."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([a_birth(job_id=JOB.job_id)])
        await unit.catalogue.declare([TaskDeclaration("a.task", "default")])
        await unit.idempotency.reserve(KEY)
        await unit.idempotency.remember(KEY, b"{}")
        if commit:
            await unit.commit()


JOB = a_birth()


async def what_is_there(world: World) -> tuple[bool, bool, bool]:
    """Tell whether the job, the declaration and the answer are there."""
    async with world.units_of_work() as unit:
        jobs = await unit.jobs.load([JOB.job_id])
        declared = await unit.catalogue.find({"a.task"})
        reservation = await unit.idempotency.reserve(KEY)
    return bool(jobs), bool(declared), reservation != Fresh()


async def test_a_commit_keeps_everything(world: World) -> None:
    """Jobs, declarations and answers are kept together."""
    await write_everything(world, commit=True)
    assert await what_is_there(world) == (True, True, True)
    assert len(await world.claim()) == 1


async def test_leaving_without_a_commit_keeps_nothing(world: World) -> None:
    """Rolling back is what happens by default."""
    await write_everything(world, commit=False)
    assert await what_is_there(world) == (False, False, False)
    assert not await world.claim()


async def test_an_error_rolls_back_and_is_passed_on(world: World) -> None:
    """What the use case raised reaches its caller, and nothing is kept."""

    async def fail() -> None:
        async with world.units_of_work() as unit:
            await unit.jobs.add([JOB])
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        await fail()
    assert await what_is_there(world) == (False, False, False)


async def test_nobody_sees_what_is_not_committed(world: World) -> None:
    """A unit reads its own writes; others, readers and claimers see them once they are committed."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([JOB])
        assert len(await unit.jobs.load([JOB.job_id])) == 1
        async with world.units_of_work() as other:
            assert not await other.jobs.load([JOB.job_id])
        assert await world.reads.get(JOB.job_id) is None
        assert not await world.claim()
        await unit.commit()
    assert (await world.job(JOB.job_id)).status is JobStatus.QUEUED


async def test_time_stands_still_within_a_unit(world: World) -> None:
    """All that one unit does has happened at one instant, aware and in UTC; the next unit's is later."""
    async with world.units_of_work() as unit:
        now = await unit.now()
        assert now.utcoffset() == seconds(0)
        await unit.jobs.add([JOB])
        assert await unit.now() == now
        await unit.commit()
    job = await world.job(JOB.job_id)
    assert (job.created_at, job.run_at) == (now, now)
    await world.let_pass(minutes(5))
    job = await world.job(JOB.job_id)
    assert near(job.created_at, await world.now() - minutes(5))
