"""What follows on a death: one job that tells of it, stored with it or not at all; and the queue's own backoff."""

import json

import pytest
from tests.builders import OOPS, OTHER_WORKER, a_birth, minutes, seconds
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.memory.platform import FixedJitter, MovableClock
from equeue.adapters.system import UuidV7Ids
from equeue.application.failure_policies import FailurePolicies, Source
from equeue.application.maintenance import RecoverLapses
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.application.ports.jobs import SettleAnswer
from equeue.application.ports.reads import JobFilter
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.job import Job
from equeue.domain.on_dead import ON_DEAD_TAG, OnDead
from equeue.domain.outcomes import Discarded, Failed, Succeeded
from equeue.domain.queue import QueueSettings
from equeue.domain.retry import Fixed
from equeue.domain.status import JobStatus

HOOK = OnDead("http.request", {"url": "https://example.org", "method": "POST", "body": "$job", "n": "$attempt"})


@pytest.fixture
def policies(world: World) -> FailurePolicies:
    """Return policies that are read from the world."""
    return FailurePolicies(Source(world.units_of_work, MovableClock(), UuidV7Ids(), world.queue))


@pytest.fixture
def settle(world: World, policies: FailurePolicies) -> SettleAttempts:
    """Return the use case by these policies."""
    return SettleAttempts(world.leases, FixedJitter(), policies)


async def declare(world: World, *tasks: TaskDeclaration, **queues: QueueSettings) -> None:
    """Store what tasks and queues say."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare(tasks)
        for name, settings in queues.items():
            await unit.queues.put(name, settings)
        await unit.commit()


async def tellers(world: World) -> list[Job]:
    """Return the jobs that tell of deaths."""
    page = await world.reads.page(JobFilter(), limit=100, oldest_first=True)
    return [job for job in page.items if ON_DEAD_TAG in job.tags]


async def test_a_death_is_told_of_once(world: World, settle: SettleAttempts) -> None:
    """In the same transaction; repeating the settle tells nothing more, and a late one nothing at all."""
    await declare(world, TaskDeclaration("test.task", "default", on_dead=OnDead("ops.page")), ops=QueueSettings())
    await declare(world, TaskDeclaration("ops.page", "ops", 9, Fixed(3.0), seconds(7)))
    owner = uuid7()
    claim = await world.claimed(a_birth(max_retries=0, owner=owner))
    for answer in (SettleAnswer.APPLIED, SettleAnswer.REPEATED):
        (told,) = await settle([Ending(claim, Failed(OOPS))])
        assert told.answer is answer
    (teller,) = await tellers(world)
    assert (teller.task, teller.queue, teller.status) == ("ops.page", "ops", JobStatus.QUEUED)
    assert (teller.max_retries, teller.backoff, teller.timeout) == (9, Fixed(3.0), seconds(7))
    assert (teller.user_id, teller.parent_id) == (owner, claim.job_id)
    assert json.loads(teller.payload) == {
        "job_id": str(claim.job_id),
        "task": "test.task",
        "queue": "default",
        "attempt": 1,
        "error": {"type": "ValueError", "message": "oops", "fingerprint": "ValueError:oops"},
    }
    await world.retry(claim.job_id)
    again = await world.reclaimed(claim.job_id)
    await settle([Ending(again, Discarded(OOPS))])
    assert len(await tellers(world)) == 2


async def test_only_a_death_is_told_of(world: World, settle: SettleAttempts) -> None:
    """Not a success, not a retry, not a cancel, and not what a lost lease wanted to write."""
    await declare(world, TaskDeclaration("test.task", "default", on_dead=OnDead("ops.page")))
    done, again, cancelled = [await world.claimed(a_birth(max_retries=1)) for _ in range(3)]
    last = await world.claimed(a_birth(max_retries=0))
    await world.cancel(last.job_id)
    await world.cancel(cancelled.job_id)
    await settle([Ending(done, Succeeded()), *(Ending(each, Failed(OOPS)) for each in (again, cancelled, last))])
    assert (await world.job(last.job_id)).status is JobStatus.CANCELLED
    lost = await world.claimed(a_birth(max_retries=0))
    await world.let_pass(minutes(1))
    await world.lapse()
    (told,) = await settle([Ending(lost, Discarded(OOPS))])
    assert told.answer is SettleAnswer.LEASE_LOST
    assert await tellers(world) == []


async def test_a_lapse_is_told_of_by_whoever_takes_it_over(world: World, policies: FailurePolicies) -> None:
    """Also by a process that does not know the task: the word is in the database."""
    await declare(world, default=QueueSettings(on_dead=HOOK))
    claim = await world.claimed(a_birth(max_retries=0), worker=OTHER_WORKER)
    await world.let_pass(minutes(1))
    await RecoverLapses(world.another_leases(), FixedJitter(), policies)()
    (teller,) = await tellers(world)
    payload = json.loads(teller.payload)
    assert (teller.task, teller.queue) == ("http.request", "default")
    assert (payload["url"], payload["n"]) == ("https://example.org", 1)
    assert (payload["body"]["job_id"], payload["body"]["error"]["type"]) == (str(claim.job_id), "LeaseExpired")


async def test_whoever_tells_of_a_death_dies_in_silence(world: World, settle: SettleAttempts) -> None:
    """A broken teller is not told of, neither by its task nor by its queue."""
    mourned = OnDead("ops.page")
    await declare(
        world, TaskDeclaration("ops.page", "default", 0, on_dead=mourned), default=QueueSettings(on_dead=mourned)
    )
    await settle([Ending(await world.claimed(a_birth(max_retries=0)), Failed(OOPS))])
    (teller,) = await tellers(world)
    await settle([Ending(await world.reclaimed(teller.id), Failed(OOPS))])
    assert [job.status for job in await tellers(world)] == [JobStatus.DEAD]


async def test_the_tasks_word_goes_before_the_queues(world: World, settle: SettleAttempts) -> None:
    """One death, one job: the task's, and the queue's where the task says nothing."""
    said = TaskDeclaration("test.task", "default", on_dead=OnDead("by.task"))
    await declare(world, said, default=QueueSettings(on_dead=OnDead("by.queue")))
    for task in ("test.task", "test.other"):
        await settle([Ending(await world.claimed(a_birth(task=task, max_retries=0)), Failed(OOPS))])
    assert [job.task for job in await tellers(world)] == ["by.task", "by.queue"]


async def test_a_jobs_own_backoff_goes_before_its_queues(world: World, settle: SettleAttempts) -> None:
    """The queue's counts for a job that carries none, as it is when the job fails."""
    await declare(world, default=QueueSettings(backoff=Fixed(1_000.0)))
    own, open_ = await world.claimed(a_birth(backoff=Fixed(10.0))), await world.claimed(a_birth())
    before = await world.now()
    await settle([Ending(own, Failed(OOPS)), Ending(open_, Failed(OOPS))])
    waits = [(await world.job(claim.job_id)).run_at - before for claim in (own, open_)]
    assert seconds(10) <= waits[0] < seconds(15)
    assert seconds(1_000) <= waits[1] < seconds(1_005)
