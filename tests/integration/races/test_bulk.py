"""Bulk operations that race with people, workers and each other: one winner, and each is told what came of it."""

from collections.abc import Iterable
from functools import partial
from itertools import islice

import pytest
from tests.builders import OOPS, a_birth, an_order
from tests.contract.world import World, decided
from tests.integration.races.conftest import ROUNDS, Arena

from equeue.adapters.system import SystemClock, UuidV7Ids
from equeue.application.bulk import BulkRequest, SteerBulk
from equeue.application.bulk_batches import AdvanceBulk, Pace
from equeue.application.manage import Moved
from equeue.application.ports.jobs import SettleAnswer
from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import BulkOperation, BulkStatus
from equeue.domain.bulk_plan import BulkAction, BulkFilter
from equeue.domain.errors import BulkNotSteerable, DomainError
from equeue.domain.job import Job
from equeue.domain.outcomes import Failed, Succeeded
from equeue.domain.status import JobStatus

pytestmark = pytest.mark.timeout(600)


def some(arena: Arena) -> Iterable[int]:
    """Return a quarter of the rounds: each of these is several transactions."""
    return islice(arena.rounds(), max(ROUNDS // 4, 1))


def a_process(world: World) -> AdvanceBulk:
    """Return a process that carries operations out."""
    return AdvanceBulk(world.units_of_work, world.queue, SystemClock(), Pace(size=10))


async def dead(world: World) -> Job:
    """Return a job that died."""
    claim = await world.claimed(a_birth(max_retries=0))
    return await world.ended(claim, Failed(OOPS))


async def operation(world: World, action: BulkAction, *jobs: Job) -> BulkOperation:
    """Return an operation on these jobs."""
    where = BulkFilter(job_ids=tuple(job.id for job in jobs))
    return await SteerBulk(world.units_of_work, UuidV7Ids()).create(BulkRequest(action=action, where=where), SYSTEM)


async def came(world: World, asked: BulkOperation) -> BulkOperation:
    """Return the operation as it is now."""
    found = await world.bulk_reads.get(asked.id)
    assert found is not None
    return found


async def test_a_bulk_retry_races_a_single_one(arena: Arena) -> None:
    """The job is retried once; the other one is told that it is not dead any more."""
    for number in some(arena):
        job = await dead(arena.world)
        asked = await operation(arena.world, BulkAction.RETRY, job)
        retry = partial(arena.world.manage.retry, [job.id])
        _, answers = await arena.race_behind(job.id, number, a_process(arena.world), retry)
        tally = (await came(arena.world, asked)).tally
        won = isinstance(answers[job.id], Moved)
        assert (tally.done, tally.skipped) == ((0, 1) if won else (1, 0))
        assert won or isinstance(answers[job.id], DomainError)
        assert (await arena.world.job(job.id)).revision == job.revision + 1
        await arena.world.cancel(job.id)


async def test_two_bulk_retries_of_the_same_jobs(arena: Arena) -> None:
    """Each job is retried by one of the two, in whatever order their rows are locked."""
    for number in some(arena):
        jobs = [await dead(arena.world) for _ in range(4)]
        asked = [
            await operation(arena.world, BulkAction.RETRY, *jobs),
            await operation(arena.world, BulkAction.RETRY, *reversed(jobs)),
        ]
        await arena.race(number, a_process(arena.world), a_process(arena.world))
        ended = [await came(arena.world, each) for each in asked]
        assert [each.status for each in ended] == [BulkStatus.FINISHED] * 2
        assert sum(each.tally.done for each in ended) == len(jobs)
        assert sum(each.tally.skipped for each in ended) == len(jobs)
        for job in jobs:
            assert (await arena.world.job(job.id)).revision == job.revision + 1
            await arena.world.cancel(job.id)


async def test_a_bulk_cancel_races_a_claim(arena: Arena) -> None:
    """Either the job never starts, or its worker is asked to stop."""
    for number in some(arena):
        (job,) = await arena.world.enqueue(a_birth())
        asked = await operation(arena.world, BulkAction.CANCEL, job)
        claims, _ = await arena.race(
            number, lambda: arena.world.leases.claim(an_order(limit=1)), a_process(arena.world)
        )
        assert (await came(arena.world, asked)).tally.done == 1
        now = await arena.world.job(job.id)
        if claims:
            assert (now.status, now.cancel_requested_at is not None) == (JobStatus.RUNNING, True)
            await arena.world.settle(claims[0].with_cancel_requested(), Failed(OOPS))
        else:
            assert now.status is JobStatus.CANCELLED


async def test_a_bulk_cancel_races_a_success(arena: Arena) -> None:
    """Success wins over cancel, whichever came first; the operation counts what it found."""
    for number in some(arena):
        claim = await arena.world.claimed(a_birth())
        asked = await operation(arena.world, BulkAction.CANCEL, await arena.world.job(claim.job_id))
        told, _ = await arena.race_behind(
            claim.job_id,
            number,
            partial(arena.world.leases.settle, [decided(claim, Succeeded(b"1"))]),
            a_process(arena.world),
        )
        job = await arena.world.job(claim.job_id)
        assert told[0].answer is SettleAnswer.APPLIED
        assert job.status is JobStatus.SUCCEEDED
        tally = (await came(arena.world, asked)).tally
        assert tally.done == (1 if job.cancel_requested_at else 0)
        assert tally.matched == 1


async def test_a_bulk_delete_races_a_retry(arena: Arena) -> None:
    """Either the job is gone, or it is queued again; never both, and each is told."""
    for number in some(arena):
        job = await dead(arena.world)
        asked = await operation(arena.world, BulkAction.DELETE, job)
        retry = partial(arena.world.manage.retry, [job.id])
        _, answers = await arena.race_behind(job.id, number, a_process(arena.world), retry)
        found = await arena.world.reads.get(job.id)
        tally = (await came(arena.world, asked)).tally
        retried = isinstance(answers[job.id], Moved)
        assert retried == (found is not None)
        assert (tally.done, tally.skipped) == ((0, 1) if retried else (1, 0))
        if found is not None:
            assert found[0].status is JobStatus.QUEUED
            await arena.world.cancel(job.id)


async def test_an_abort_races_a_batch(arena: Arena) -> None:
    """The batch is done before the abort, or not at all: what the abort answers stays true."""
    steer = SteerBulk(arena.world.units_of_work, UuidV7Ids())
    for number in some(arena):
        jobs = [await dead(arena.world) for _ in range(3)]
        asked = await operation(arena.world, BulkAction.RETRY, *jobs)

        async def abort() -> BulkOperation | None:
            try:
                return await steer.abort(asked.id, SYSTEM)  # noqa: B023 - awaited within the round
            except BulkNotSteerable:
                return None

        _, aborted = await arena.race(number, a_process(arena.world), abort)
        now = await came(arena.world, asked)
        changed = sum([(await arena.world.job(job.id)).revision - job.revision for job in jobs])
        assert now.tally.done == changed
        if aborted is None:
            assert now.status is BulkStatus.FINISHED
        else:
            assert now == aborted
            assert now.status is BulkStatus.ABORTED
        for job in jobs:
            if (await arena.world.job(job.id)).status is JobStatus.QUEUED:
                await arena.world.cancel(job.id)
