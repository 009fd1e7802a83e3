"""What has ended long ago is forgotten, and nothing else."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs
from tests.builders import OOPS, OWNER, a_birth, minutes, seconds
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.system import UuidV7Ids
from equeue.application.failure_policies import FailurePolicies, Source
from equeue.application.ports.dead_letters import GroupFilter
from equeue.application.ports.pruning import Keep, Pruned
from equeue.application.pruning import ForgetRecords, PruneJobs
from equeue.domain.audit import Act, Actor
from equeue.domain.bulk import BulkOperation, Tally
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.job import Job
from equeue.domain.outcomes import Failed, Succeeded
from equeue.domain.queue import QueueSettings
from equeue.domain.retention import Retention
from equeue.domain.status import JobStatus

HOUR = timedelta(hours=1)
AN_HOUR = Keep(HOUR)


async def a_job_that(world: World, status: JobStatus, queue: str = "default") -> Job:
    """Store a job that came to be in this status just now."""
    birth = a_birth(queue=queue, max_retries=0)
    if status in (JobStatus.QUEUED, JobStatus.CANCELLED):
        (job,) = await world.enqueue(birth)
        if status is JobStatus.CANCELLED:
            await world.cancel(job.id)
        return await world.job(job.id)
    claim = await world.claimed(birth)
    if status is not JobStatus.RUNNING:
        await world.settle(claim, Succeeded(b'{"n": 1}') if status is JobStatus.SUCCEEDED else Failed(OOPS))
    return await world.job(claim.job_id)


async def there(world: World, *jobs: Job) -> list[bool]:
    """Tell for each job whether it is there."""
    return [await world.reads.get(job.id) is not None for job in jobs]


async def prune(world: World, status: JobStatus, keep: Keep = AN_HOUR, limit: int = 100) -> Pruned:
    """Prune from the beginning."""
    return await world.pruning.jobs(status, keep, after=None, limit=limit)


async def test_only_what_ended_long_ago_is_forgotten(world: World) -> None:
    """Each status by itself, with its attempts; nothing that waits or runs, however old, and nothing young."""
    old = {status: await a_job_that(world, status) for status in JobStatus}
    await world.let_pass(HOUR + minutes(1))
    young = {status: await a_job_that(world, status) for status in JobStatus}
    for status in JobStatus:
        if status.ended:
            assert await prune(world, status) == Pruned(1, None)
            assert await there(world, old[status], young[status]) == [False, True]
            assert await world.attempts(old[status].id) == []
    assert await there(world, old[JobStatus.QUEUED], old[JobStatus.RUNNING]) == [True, True]


async def test_the_end_counts_and_not_the_beginning(world: World) -> None:
    """A job that waited for long and ended just now is kept."""
    job = await a_job_that(world, JobStatus.QUEUED)
    await world.let_pass(2 * HOUR)
    await world.cancel(job.id)
    assert await prune(world, JobStatus.CANCELLED) == Pruned(0, None)
    assert await there(world, job) == [True]


async def test_a_queue_may_say_otherwise(world: World) -> None:
    """Longer or shorter than usual; and for ever where nobody says anything else."""
    jobs = [await a_job_that(world, JobStatus.DEAD, queue) for queue in ("default", "long", "short")]
    await world.let_pass(HOUR + minutes(1))
    named = {"long": 2 * HOUR, "short": minutes(1)}
    assert (await prune(world, JobStatus.DEAD, Keep(None, {"short": minutes(1)}))).pruned == 1
    assert await there(world, *jobs) == [True, True, False]
    assert (await prune(world, JobStatus.DEAD, Keep(HOUR, named))).pruned == 1
    assert await there(world, *jobs) == [False, True, False]
    assert await prune(world, JobStatus.DEAD, Keep(None)) == Pruned(0, None)


async def test_a_walk_sees_all_set_by_set(world: World) -> None:
    """What is kept on the way does not hold it up."""
    jobs = [
        await a_job_that(world, JobStatus.CANCELLED, queue)
        for queue in ("keep", "default", "keep", "default", "default")
    ]
    await world.let_pass(HOUR + minutes(1))
    after, sets = None, []
    for _ in range(9):
        pruned = await world.pruning.jobs(JobStatus.CANCELLED, Keep(HOUR, {"keep": 9 * HOUR}), after=after, limit=2)
        sets.append(pruned.pruned)
        after = pruned.reached
        if after is None:
            break
    assert sets == [1, 1, 1]
    assert await there(world, *jobs) == [True, False, True, False, False]


async def test_results_go_before_their_jobs(world: World) -> None:
    """Only those of jobs that ended long ago; the job stays as it is otherwise."""
    old = await a_job_that(world, JobStatus.SUCCEEDED)
    await world.let_pass(HOUR + minutes(1))
    young = await a_job_that(world, JobStatus.SUCCEEDED)
    before = await world.job(old.id)
    assert await world.pruning.results(AN_HOUR, after=None, limit=100) == Pruned(1, None)
    assert await world.pruning.results(AN_HOUR, after=None, limit=100) == Pruned(0, None)
    assert await world.job(old.id) == attrs.evolve(before, result=None)
    assert (await world.job(young.id)).result is not None


async def test_a_retry_against_a_prune_leaves_all_or_nothing(world: World) -> None:
    """Either the job is there and queued, or it is gone, and whoever retried knows which."""
    jobs = [await a_job_that(world, JobStatus.DEAD) for _ in range(6)]
    await world.let_pass(HOUR + minutes(1))

    async def retry(job: Job) -> bool:
        answer = (await world.manage.retry([job.id])).get(job.id)
        return hasattr(answer, "job")

    retried, *_ = await asyncio.gather(
        asyncio.gather(*(retry(job) for job in jobs)), *(prune(world, JobStatus.DEAD, limit=3) for _ in range(3))
    )
    assert await there(world, *jobs) == retried
    for job, moved in zip(jobs, retried, strict=True):
        if moved:
            assert (await world.job(job.id)).status is JobStatus.QUEUED


async def test_groups_of_dead_letters_forget_too(world: World) -> None:
    """What was pruned is not counted any more."""
    await a_job_that(world, JobStatus.DEAD)
    await world.let_pass(HOUR + minutes(1))
    await prune(world, JobStatus.DEAD)
    assert list(await world.dead_letters.groups(GroupFilter(), limit=9)) == []


async def test_old_records_are_forgotten(world: World) -> None:
    """Entries of the audit log and bulk operations that are over; not those that are open, however old."""
    act = Act(actor=Actor(OWNER), action="job.cancel", target_kind="job", target_id="1")
    async with world.units_of_work() as unit:
        now = await unit.now()
        plan = BulkPlan(action=BulkAction.RETRY, where=BulkFilter(queues=("mail",)), mark=now)
        open_one = BulkOperation.created(uuid7(), plan, Actor(OWNER), 7, now)
        over = BulkOperation.created(uuid7(), plan, Actor(OWNER), 7, now).advance(Tally(), None, now, last=True)
        for each in (open_one, over):
            await unit.bulk.add(each)
            await unit.bulk.save(each)
        await unit.audit.record([act, act])
        await unit.commit()
    forget = ForgetRecords(world.pruning, world.units_of_work, HOUR, HOUR, 1)
    assert not await forget()
    await world.let_pass(HOUR + minutes(1))
    async with world.units_of_work() as unit:
        await unit.audit.record([act])
        await unit.commit()
    assert [await forget() for _ in range(4)] == [True, True, False, False]
    assert [each.id for each in await world.bulk_reads.page(limit=9)] == [open_one.id]


async def test_the_pass_goes_through_everything_and_begins_anew(world: World) -> None:
    """By the system's word and by the queues', set by set; then it rests until its cadence."""
    async with world.units_of_work() as unit:
        await unit.queues.put("mail", QueueSettings(retention=Retention(succeeded=minutes(1), result=seconds(1))))
        await unit.commit()
    spans: Mapping[str, Any] = {"succeeded": 9 * HOUR, "cancelled": HOUR, "dead": 9 * HOUR}
    policies = FailurePolicies(Source(world.units_of_work, MovableClock(), UuidV7Ids()))
    pass_ = PruneJobs(world.pruning, policies, Retention(**spans), 2)
    by = {
        (status, queue): await a_job_that(world, status, queue)
        for status in (JobStatus.SUCCEEDED, JobStatus.DEAD, JobStatus.CANCELLED)
        for queue in ("mail", "default", "other")
    }
    await world.let_pass(HOUR + minutes(1))
    young = await a_job_that(world, JobStatus.SUCCEEDED, "mail")
    await world.let_pass(seconds(10))
    for _ in range(2):
        rounds = 1
        while await pass_():
            rounds += 1
        assert 4 <= rounds <= 12
        left = {key for key, job in by.items() if (await there(world, job))[0]}
        assert left == {
            (s, q) for s, q in by if s is not JobStatus.CANCELLED and (s, q) != (JobStatus.SUCCEEDED, "mail")
        }
        assert (await world.job(young.id)).result is None


async def test_a_turn_of_the_pass_sees_to_a_few_sets(world: World) -> None:
    """Not to one alone, nor to all that waits: the other passes have their turn too."""
    jobs = [await a_job_that(world, JobStatus.SUCCEEDED) for _ in range(4)]
    await world.let_pass(HOUR + minutes(1))
    policies = FailurePolicies(Source(world.units_of_work, MovableClock(), UuidV7Ids()))
    pass_ = PruneJobs(world.pruning, policies, Retention(HOUR, HOUR, HOUR), limit=1, sets=2)
    assert await pass_()
    assert await there(world, *jobs) == [False, False, True, True]
    assert await pass_()
    assert await there(world, *jobs) == [False, False, False, False]
