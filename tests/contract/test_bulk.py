"""Many jobs are changed as was planned: each once, whatever stops the work, and none that was not meant."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from tests.builders import OOPS, OTHER_OWNER, OWNER, a_birth, a_unique_birth, minutes, seconds
from tests.contract.world import World
from uuid_utils.compat import uuid7

from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.system import UuidV7Ids
from equeue.application.bulk import BulkRequest, SteerBulk
from equeue.application.bulk_batches import AdvanceBulk, Pace
from equeue.application.ports.audit import AuditFilter
from equeue.domain.audit import Actor
from equeue.domain.bulk import BulkOperation, BulkStatus, Tally
from equeue.domain.bulk_plan import BulkAction, BulkFilter
from equeue.domain.errors import BulkNotFound, BulkNotSteerable, EmptyFilter, InvalidPlan, PlanChanged
from equeue.domain.job import Job
from equeue.domain.outcomes import Failed, JobError, Succeeded
from equeue.domain.spec import Unique
from equeue.domain.status import JobStatus

ME = Actor(OWNER, None, "request-1")
RETRY, CANCEL, DELETE, MOVE = BulkAction.RETRY, BulkAction.CANCEL, BulkAction.DELETE, BulkAction.MOVE


class Killed(Exception):
    """The process ends here."""


@attrs.define
class KillingClock(MovableClock):
    """A clock on which the process dies once a batch was written and its cursor was not."""

    looks: int = 0

    def monotonic(self) -> float:
        """Die at the second look."""
        self.looks += 1
        if self.looks == 2:
            raise Killed
        return 0.0


def steer(world: World) -> SteerBulk:
    """Return what people ask for bulk operations with."""
    return SteerBulk(world.units_of_work, UuidV7Ids())


def a_process(world: World, size: int = 4, clock: MovableClock | None = None) -> AdvanceBulk:
    """Return a process that carries operations out, so many jobs at a time."""
    return AdvanceBulk(world.units_of_work, world.queue, clock or MovableClock(), Pace(size))


def a_request(action: BulkAction = RETRY, *, queue: str | None = None, **where: Any) -> BulkRequest:
    """Return a request that means jobs of the queue `mail` unless it says otherwise."""
    return BulkRequest(action=action, where=BulkFilter(**where or {"queues": ("mail",)}), queue=queue)


async def dead(world: World, number: int = 1, **facts: Any) -> list[Job]:
    """Return jobs that died of an error."""
    births = [a_birth(**{"queue": "mail", "max_retries": 0, **facts}) for _ in range(number)]
    await world.enqueue(*births)
    claims = await world.claim(facts.get("queue", "mail"), limit=number)
    return [await world.ended(claim, Failed(OOPS)) for claim in claims]


async def now(world: World, operation: BulkOperation) -> BulkOperation:
    """Return the operation as it is now."""
    found = await world.bulk_reads.get(operation.id)
    assert found is not None
    return found


async def to_the_end(world: World, process: AdvanceBulk, most: int = 100) -> None:
    """Work until nothing is left."""
    for _ in range(most):
        if not await process():
            return
        await world.let_pass(seconds(1))
    pytest.fail("there is no end to it")


async def done(world: World, request: BulkRequest, actor: Actor = ME) -> BulkOperation:
    """Carry a request out from beginning to end."""
    operation = await steer(world).create(request, actor)
    await to_the_end(world, a_process(world))
    return await now(world, operation)


async def revisions(world: World, jobs: list[Job]) -> list[int]:
    """Return how often each job was changed since."""
    return [(await world.job(job.id)).revision - job.revision for job in jobs]


async def test_a_retry_of_many_retries_each_once(world: World) -> None:
    """In several batches all are queued again with a full budget, and the operation tells what came of them."""
    jobs, others = await dead(world, 10), await dead(world, queue="bills")
    operation = await done(world, a_request())
    assert (operation.status, operation.tally, operation.expected) == (BulkStatus.FINISHED, Tally(done=10), 10)
    assert operation.started_at is not None
    assert operation.finished_at is not None
    for job in jobs:
        retried = await world.job(job.id)
        assert (retried.status, retried.retry_count) == (JobStatus.QUEUED, 0)
    assert await revisions(world, jobs) == [1] * 10
    assert await revisions(world, others) == [0]


async def test_an_abort_stops_at_once_and_a_resume_goes_on(world: World) -> None:
    """Between the two no job is touched; in the end each was changed once."""
    jobs = await dead(world, 10)
    operation = await steer(world).create(a_request(), ME)
    process = a_process(world, size=4)
    assert await process()
    aborted = await steer(world).abort(operation.id, ME)
    assert (aborted.status, aborted.tally.done) == (BulkStatus.ABORTED, 4)
    await world.let_pass(minutes(1))
    assert not await process()
    assert sum(await revisions(world, jobs)) == 4
    resumed = await steer(world).resume(operation.id, ME)
    assert resumed.status is BulkStatus.RUNNING
    await to_the_end(world, process)
    assert (await now(world, operation)).tally == Tally(done=10)
    assert await revisions(world, jobs) == [1] * 10


async def test_a_killed_process_leaves_no_half_batch(world: World) -> None:
    """Killed when the jobs are written and the cursor is not, it has done nothing; another does the batch."""
    jobs = await dead(world, 6)
    operation = await steer(world).create(a_request(), ME)
    with pytest.raises(Killed):
        await a_process(world, 4, KillingClock())()
    assert sum(await revisions(world, jobs)) == 0
    assert (await now(world, operation)).tally == Tally()
    await to_the_end(world, a_process(world))
    assert await revisions(world, jobs) == [1] * 6
    assert (await now(world, operation)).tally == Tally(done=6)


async def test_several_processes_share_the_work(world: World) -> None:
    """Whoever comes first does the next batch; no job is changed twice."""
    jobs = await dead(world, 12)
    operation = await steer(world).create(a_request(), ME)
    processes = [a_process(world, 2) for _ in range(3)]
    for _ in range(40):
        await asyncio.gather(*(process() for process in processes))
        await world.let_pass(seconds(1))
    assert await revisions(world, jobs) == [1] * 12
    assert (await now(world, operation)).tally == Tally(done=12)


async def test_operations_take_turns(world: World) -> None:
    """A small operation does not wait for the end of a large one."""
    await dead(world, 12)
    await dead(world, 2, queue="bills")
    await steer(world).create(a_request(), ME)
    small = await steer(world).create(a_request(queues=("bills",)), ME)
    process = a_process(world, 2)
    for _ in range(6):
        await process()
        await world.let_pass(seconds(1))
    assert (await now(world, small)).tally.done == 2


async def test_a_job_that_dies_again_is_not_retried_again(world: World) -> None:
    """What the operation has behind it stays behind it."""
    await dead(world, 6)
    operation = await steer(world).create(a_request(), ME)
    process = a_process(world, 2)
    assert await process()
    (claim,) = await world.claim("mail", limit=1)
    await world.ended(claim, Failed(OOPS, retryable=False))
    await to_the_end(world, process)
    assert (await now(world, operation)).tally == Tally(done=6)
    assert (await world.job(claim.job_id)).status is JobStatus.DEAD


async def test_what_came_after_the_plan_is_left_alone(world: World) -> None:
    """A job that was created after the mark is not touched, though it fits."""
    old = await dead(world, 2)
    preview = await steer(world).preview(a_request())
    await world.let_pass(minutes(1))
    young = await dead(world, 2)
    as_it_was = attrs.evolve(preview.plan, mark=(await world.job(old[-1].id)).created_at)
    operation = await steer(world).create(a_request(), ME, as_it_was.hash)
    await to_the_end(world, a_process(world))
    assert await revisions(world, young) == [0, 0]
    assert (await now(world, operation)).tally == Tally(done=2)


async def test_a_preview_tells_what_would_be_done_and_does_nothing(world: World) -> None:
    """The count, the first of the jobs and the hash; the real thing with this hash does exactly that."""
    jobs = await dead(world, 12)
    preview = await steer(world).preview(a_request())
    assert (preview.survey.count, preview.survey.capped, len(preview.survey.sample)) == (12, False, 10)
    assert await world.bulk_reads.page(limit=1) == []
    operation = await steer(world).create(a_request(), ME, preview.plan.hash)
    assert operation.plan == preview.plan
    await to_the_end(world, a_process(world))
    assert await revisions(world, jobs) == [1] * 12


@pytest.mark.parametrize(
    "other",
    [
        a_request(DELETE),
        a_request(queues=("bills",)),
        a_request(queues=("mail",), owner=OTHER_OWNER),
        a_request(queues=("mail",), queue_globs=("m*",)),
        a_request(queues=("mail",), tags=("a",)),
        a_request(queues=("mail",), statuses=(JobStatus.DEAD,)),
    ],
    ids=["action", "queue", "owner", "globs", "tags", "statuses"],
)
async def test_another_plan_than_the_previewed_one_is_refused(world: World, other: BulkRequest) -> None:
    """Whatever differs, nothing is kept."""
    preview = await steer(world).preview(a_request())
    with pytest.raises(PlanChanged):
        await steer(world).create(other, ME, preview.plan.hash)
    assert await world.bulk_reads.page(limit=1) == []


async def test_a_mark_in_the_future_is_refused(world: World) -> None:
    """A plan reaches no further than what was there when it was made."""
    preview = await steer(world).preview(a_request())
    later = attrs.evolve(preview.plan, mark=preview.plan.mark + minutes(60))
    for made_up in (later.hash, "1.2", "", "zz.00000000000000000000000000000000", "f" * 99 + "." + "0" * 32):
        with pytest.raises(PlanChanged):
            await steer(world).create(a_request(), ME, made_up)


async def test_a_filter_that_leaves_nothing_out_is_refused(world: World) -> None:
    """A typo must not become all jobs: confinement alone, every status or a time to come are no filter."""
    soon = await world.now() + minutes(5)
    for where in (
        {"owner": OWNER},
        {"queue_globs": ("mail*",)},
        {"created_before": soon},
        {"queues": (), "owner": None, "created_before": None},
    ):
        with pytest.raises(EmptyFilter):
            await steer(world).preview(a_request(**where))


@pytest.mark.parametrize(
    ("request_", "pointers"),
    [
        (a_request(statuses=(JobStatus.SUCCEEDED, JobStatus.DEAD)), ["/filter/status/0"]),
        (a_request(CANCEL, statuses=(JobStatus.DEAD,)), ["/filter/status/0"]),
        (a_request(MOVE), ["/queue"]),
        (a_request(MOVE, queue="Not A Name"), ["/queue"]),
        (a_request(RETRY, queue="mail"), ["/queue"]),
        (attrs.evolve(a_request(), reason="why"), ["/reason"]),
        (attrs.evolve(a_request(CANCEL), reason="y" * 1001), ["/reason"]),
        (a_request(CANCEL, fingerprints=("a",)), ["/filter/fingerprint"]),
        (a_request(job_ids=tuple(UUID(int=n) for n in range(1_001))), ["/filter/ids"]),
        (a_request(tags=("t",) * 101), ["/filter/tag"]),
    ],
)
async def test_what_makes_no_sense_is_refused(world: World, request_: BulkRequest, pointers: list[str]) -> None:
    """An act on jobs to which it cannot happen, or with what does not go with it."""
    with pytest.raises(InvalidPlan) as refusal:
        await steer(world).create(request_, ME)
    assert [violation.pointer for violation in refusal.value.violations] == pointers


async def test_each_act_is_in_the_audit_log(world: World) -> None:
    """Who created, aborted and resumed what; nothing is written of a word that changed nothing."""
    await dead(world, 2)
    operation = await steer(world).create(a_request(), ME)
    other = Actor(OTHER_OWNER, uuid7(), "request-2")
    for _ in range(2):
        await steer(world).abort(operation.id, other)
    for _ in range(2):
        await steer(world).resume(operation.id, ME)
    async with world.units_of_work() as unit:
        entries = await unit.audit.page(AuditFilter(target_id=str(operation.id)), limit=10)
    acts = [entry.act for entry in reversed(entries)]
    assert [(act.action, act.actor) for act in acts] == [
        ("bulk.create", ME),
        ("bulk.abort", other),
        ("bulk.resume", ME),
    ]
    assert acts[0].after["queues"] == ["mail"]
    assert acts[0].after["plan_hash"] == operation.plan.hash
    assert (acts[1].before["status"], acts[1].after["status"]) == ("pending", "aborted")


async def test_what_has_ended_is_neither_aborted_nor_resumed(world: World) -> None:
    """The word comes too late, and whoever says it is told."""
    await dead(world)
    operation = await done(world, a_request())
    with pytest.raises(BulkNotSteerable):
        await steer(world).abort(operation.id, ME)
    with pytest.raises(BulkNotSteerable):
        await steer(world).resume(operation.id, ME)
    with pytest.raises(BulkNotFound):
        await steer(world).abort(uuid7(), ME)


async def test_a_confined_key_steers_only_what_was_made_under_its_confinement(world: World) -> None:
    """To a key of other queues the operation is not there."""
    operation = await steer(world).create(a_request(queues=("mail",), queue_globs=("mail",)), ME)
    with pytest.raises(BulkNotFound):
        await steer(world).abort(operation.id, ME, ("bills",))
    assert (await steer(world).abort(operation.id, ME, ("mail",))).status is BulkStatus.ABORTED


async def test_owner_and_queues_confine_every_batch(world: World) -> None:
    """The confinement is kept with the operation: neither others' jobs nor other queues' are touched."""
    mine, theirs = await dead(world, 3, owner=OWNER), await dead(world, 3, owner=OTHER_OWNER)
    beyond = await dead(world, 2, owner=OWNER, queue="bills")
    named = tuple(job.id for job in (*mine, *theirs, *beyond))
    operation = await done(world, a_request(job_ids=named, owner=OWNER, queue_globs=("mail",)))
    assert operation.tally == Tally(done=3)
    assert await revisions(world, theirs) == [0] * 3
    assert await revisions(world, beyond) == [0] * 2


async def test_what_cannot_happen_to_a_job_is_skipped(world: World) -> None:
    """Of jobs named one by one those in another status are counted as skipped, and left as they are."""
    (fallen,) = await dead(world)
    (queued,) = await world.enqueue(a_birth(queue="mail"))
    succeeded = await world.ended(await world.claimed(a_birth(queue="bills")), Succeeded())
    operation = await done(world, a_request(job_ids=(fallen.id, queued.id, succeeded.id, uuid7())))
    assert operation.tally == Tally(done=1, skipped=2)
    assert (await world.job(succeeded.id)).status is JobStatus.SUCCEEDED


async def test_a_cancel_of_many_cancels_and_asks(world: World) -> None:
    """Queued jobs are cancelled at once and give their keys back; the workers of running ones are told."""
    unique = Unique("k")
    (queued,) = await world.enqueue(a_unique_birth(unique, queue="mail"))
    running = await world.reclaimed((await world.enqueue(a_birth(queue="mail", priority=0)))[0].id)
    operation = await done(world, attrs.evolve(a_request(CANCEL), reason="enough"))
    assert operation.tally == Tally(done=2)
    cancelled, asked = await world.job(queued.id), await world.job(running.job_id)
    assert (cancelled.status, cancelled.cancel_reason) == (JobStatus.CANCELLED, "enough")
    assert (asked.status, asked.cancel_requested_at is not None) == (JobStatus.RUNNING, True)
    await world.enqueue(a_unique_birth(unique, queue="mail"))


async def test_a_delete_of_many_forgets_jobs_and_attempts(world: World) -> None:
    """What has ended is gone with its attempts; what has not stays."""
    jobs = await dead(world, 5)
    (queued,) = await world.enqueue(a_birth(queue="mail"))
    operation = await done(world, a_request(DELETE))
    assert operation.tally == Tally(done=5)
    for job in jobs:
        assert await world.reads.get(job.id) is None
        assert await world.attempts(job.id) == []
    assert (await world.job(queued.id)).status is JobStatus.QUEUED


async def test_a_move_of_many_takes_them_to_another_queue(world: World) -> None:
    """Queued jobs are moved as they are; those that are there already are skipped."""
    jobs = await world.enqueue(*(a_birth(queue="mail", priority=n) for n in range(3)))
    (there,) = await world.enqueue(a_birth(queue="bills"))
    operation = await done(world, a_request(MOVE, queue="bills", queues=("mail", "bills")))
    assert operation.tally == Tally(done=3, skipped=1)
    moved = [await world.job(job.id) for job in (*jobs, there)]
    assert [(job.queue, job.priority) for job in moved] == [("bills", 0), ("bills", 1), ("bills", 2), ("bills", 5)]


async def test_run_now_of_many_makes_them_due(world: World) -> None:
    """Jobs of later are claimable at once."""
    await world.enqueue(*(a_birth(queue="mail", delay=timedelta(hours=1)) for _ in range(3)))
    assert await world.claim("mail") == []
    operation = await done(world, a_request(BulkAction.RUN_NOW))
    assert operation.tally == Tally(done=3)
    assert len(await world.claim("mail")) == 3


async def test_a_group_is_retried_by_its_fingerprint(world: World) -> None:
    """Jobs that died of this cause and no other are retried."""
    group = await dead(world, 3)
    claim = await world.claimed(a_birth(queue="mail", max_retries=0))
    other = await world.ended(claim, Failed(JobError.of("KeyError", "x", "", "KeyError:x")))
    operation = await done(world, a_request(fingerprints=(OOPS.fingerprint,)))
    assert operation.tally == Tally(done=3)
    assert await revisions(world, group) == [1] * 3
    assert (await world.job(other.id)).status is JobStatus.DEAD


async def test_workers_hear_of_retried_jobs_once_they_are_committed(world: World) -> None:
    """A batch rings for its queue."""
    await dead(world, 3)
    hearing = asyncio.create_task(world.queue.receive(["mail"], timedelta(seconds=20)))
    await asyncio.sleep(0)
    await done(world, a_request())
    assert (await hearing).queues == {"mail"} or (await hearing).job_ids


async def test_a_retried_job_keeps_what_heartbeats_and_people_wrote(world: World) -> None:
    """Payload and attempts stay; the documents that a batch does not read are not written either."""
    claim = await world.claimed(a_birth(queue="mail", payload=b'{"a": 1}', max_retries=0, tags=("x", "y")))
    before = await world.ended(claim, Failed(OOPS))
    await done(world, a_request())
    after = await world.job(before.id)
    assert (after.payload, after.tags, after.attempt, after.lease_token) == (
        before.payload,
        before.tags,
        before.attempt,
        before.lease_token,
    )
    assert after.error == before.error
    assert len(await world.attempts(before.id)) == 1
