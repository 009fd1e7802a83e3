"""Jobs as people change them: stored all or none, changed only as they were when it was decided."""

import asyncio
import json
from datetime import timedelta

import attrs
import pytest
from tests.builders import (
    LEASE,
    OOPS,
    OTHER_OWNER,
    OWNER,
    a_birth,
    a_spec,
    a_unique_birth,
    minutes,
    seconds,
)
from tests.contract.world import World, decided, near

from equeue.application.manage import Moved
from equeue.application.ports.jobs import Change, Created, Existing, Rejected
from equeue.domain.errors import AlreadyFinished, InvalidJob, InvalidTransition, JobNotFound
from equeue.domain.job import JobEdit
from equeue.domain.lease import Claim, Pulse
from equeue.domain.outcomes import Discarded, Released, Snoozed, Succeeded
from equeue.domain.retry import Exponential, Fixed
from equeue.domain.spec import Birth, OnConflict, Unique, UniqueWhile
from equeue.domain.status import JobStatus

REJECT = OnConflict.REJECT


async def test_a_job_is_stored_as_it_was_asked_for(world: World) -> None:
    """Every fact of the request comes back, from the call that stored it and from every later look."""
    now = await world.now()
    birth = a_birth(
        owner=OWNER,
        parent=OTHER_OWNER,
        task="email.send",
        payload=b'{"text": "\\u00e9\xe2\x82\xac \xf0\x9f\x90\x98", "big": 123456789012345678901234567890}',
        queue="email",
        priority=2,
        run_at=now + minutes(3),
        max_retries=7,
        backoff=Exponential(base=1.5, factor=3.0, cap=60.0, jitter=0.25),
        timeout=seconds(0.5),
        expires_at=now + minutes(60),
        tags=("vip", "schön ⚑", 'quo"te', "com,ma"),
        unique=Unique("Müller 🐘", UniqueWhile.QUEUED),
        concurrency_key="customer:42",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    (job,) = await world.enqueue(birth)
    spec = birth.spec
    assert (job.id, job.user_id, job.parent_id, job.status) == (birth.job_id, OWNER, OTHER_OWNER, JobStatus.QUEUED)
    assert json.loads(job.payload) == json.loads(spec.payload)
    for name in ("task", "queue", "priority", "run_at", "max_retries", "backoff", "timeout", "expires_at", "tags"):
        assert getattr(job, name) == getattr(spec, name), name
    assert (job.concurrency_key, job.traceparent) == (spec.concurrency_key, spec.traceparent)
    assert (job.unique_key, job.unique_while) == ("Müller 🐘", UniqueWhile.QUEUED)
    assert (job.attempt, job.retry_count, job.lapse_count, job.lease_token, job.revision) == (0, 0, 0, 0, 0)
    assert near(job.created_at, now)
    assert await world.job(job.id) == job


async def test_what_is_not_said_is_left_open(world: World) -> None:
    """A request of one word is due now, in the ordinary queue, with nothing else set."""
    (job,) = await world.enqueue(a_birth())
    assert (job.queue, job.priority, job.payload, job.run_at) == ("default", 5, b"{}", job.created_at)
    nothing = {
        "result", "error", "started_at", "finished_at", "backoff", "expires_at", "cancel_requested_at",
        "cancel_reason", "progress", "unique_key", "unique_while", "unique_slot", "concurrency_key", "user_id",
        "parent_id", "worker_id", "lease_expires_at", "traceparent",
    }  # fmt: skip
    assert {name for name in attrs.asdict(job, recurse=False) if getattr(job, name) is None} == nothing


async def test_a_delay_counts_from_the_stores_clock(world: World) -> None:
    """Due after the delay, by the clock that claims go by."""
    (job,) = await world.enqueue(a_birth(delay=minutes(5), backoff=Fixed(base=3.0, jitter=0.5)))
    assert job.run_at == job.created_at + minutes(5)
    assert job.backoff == Fixed(base=3.0, jitter=0.5)


async def test_answers_stand_in_the_order_of_the_births(world: World) -> None:
    """A large set comes back one for one."""
    births = [a_birth(priority=n % 10) for n in range(150)]
    answers = await world.add(*births)
    assert [answer.job.id for answer in answers if isinstance(answer, Created)] == [birth.job_id for birth in births]
    assert not await world.add()


async def test_a_held_key_yields_its_holder(world: World) -> None:
    """The second asker gets the first job, or is refused and told which holds the key."""
    (first,) = await world.enqueue(a_unique_birth(Unique("k")))
    answers = await world.add(a_unique_birth(Unique("k")), a_unique_birth(Unique("k", on_conflict=REJECT)))
    assert answers == [Existing(first), Rejected(first.id)]


async def test_the_first_of_two_births_with_one_key_wins(world: World) -> None:
    """Within one call as between two; what stands between and after is stored."""
    first, second, third = a_unique_birth(Unique("k")), a_unique_birth(Unique("k")), a_birth()
    fourth = a_unique_birth(Unique("k", on_conflict=REJECT))
    one, two, three, four = await world.add(first, second, third, fourth)
    assert isinstance(one, Created)
    assert (two, four) == (Existing(one.job), Rejected(first.job_id))
    assert isinstance(three, Created)
    assert three.job.id == third.job_id


async def test_a_unique_key_belongs_to_its_owner(world: World) -> None:
    """Two people, and nobody, may use the same key at the same time."""
    births = [Birth(a_birth().job_id, a_spec(unique=Unique("k")), owner) for owner in (OWNER, OTHER_OWNER, None)]
    assert len(await world.enqueue(*births)) == 3
    for birth in births:
        (answer,) = await world.add(attrs.evolve(birth, job_id=a_birth().job_id))
        assert isinstance(answer, Existing)
        assert answer.job.user_id == birth.user_id


async def test_both_scopes_share_one_key(world: World) -> None:
    """A key is held or free, whatever scope asks for it."""
    (first,) = await world.enqueue(a_unique_birth(Unique("k", UniqueWhile.QUEUED)))
    assert await world.add(a_unique_birth(Unique("k", UniqueWhile.ACTIVE))) == [Existing(first)]


async def test_a_cancel_frees_the_key(world: World) -> None:
    """What ends by somebody's word holds no key either."""
    (first,) = await world.enqueue(a_unique_birth(Unique("k")))
    await world.cancel(first.id)
    await world.enqueue(a_unique_birth(Unique("k")))


async def test_concurrent_births_with_one_key_give_one_job(world: World) -> None:
    """However many ask at once, one job is stored and all are told which."""
    answers = await asyncio.gather(*(world.add(a_birth(), a_unique_birth(Unique("k"))) for _ in range(8)))
    told = [answer for _, answer in answers]
    (created,) = (answer.job for answer in told if isinstance(answer, Created))
    assert sum(answer == Existing(created) for answer in told) == 7


async def test_births_wait_for_each_others_keys_in_any_order(world: World) -> None:
    """Two sets that name the same keys in opposite order both end, and each key has one job."""
    keys = [f"k{n}" for n in range(6)]
    sets = [keys, keys[::-1]] * 3
    answers = await asyncio.gather(*(world.add(*(a_unique_birth(Unique(key)) for key in each)) for each in sets))
    created = [answer.job.unique_key for each in answers for answer in each if isinstance(answer, Created)]
    assert sorted(str(key) for key in created) == keys


async def test_a_key_of_a_rolled_back_birth_is_free(world: World) -> None:
    """Nothing is left of what was not committed, not even for one who waited for it."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([a_unique_birth(Unique("k"))])
        waiting = asyncio.create_task(world.add(a_unique_birth(Unique("k"))))
        await asyncio.sleep(0)
    (answer,) = await waiting
    assert isinstance(answer, Created)


async def test_load_returns_what_exists(world: World) -> None:
    """Unknown ids are left out; the same id twice is one job."""
    job, other = await world.enqueue(a_birth(), a_birth())
    async with world.units_of_work() as unit:
        found = await unit.jobs.load([job.id, a_birth().job_id, other.id])
        assert {each.id: each for each in found} == {job.id: job, other.id: other}
        assert not await unit.jobs.load([])


async def test_a_change_is_written_as_decided(world: World) -> None:
    """Every field that a move may touch is kept."""
    (job,) = await world.enqueue(a_birth(unique=Unique("k")))
    now = await world.now()
    edit = JobEdit(priority=0, queue="other", run_at=now + minutes(5), max_retries=9, tags=("a",), payload=b'{"a": 1}')
    after, _ = job.edit(edit, job.etag)
    async with world.units_of_work() as unit:
        assert not await unit.jobs.change([Change(job, after)])
        assert list(await unit.jobs.load([job.id])) == [after]
        await unit.commit()
    assert await world.job(job.id) == after


async def test_a_change_is_refused_once_the_job_has_moved_on(world: World) -> None:
    """A claim, an edit, an end and a cancel request each make an older decision worthless, and only theirs."""
    claimed, edited, ended, requested, retried, same = jobs = await world.enqueue(
        *(a_birth(priority=n) for n in range(5)), a_birth(queue="aside")
    )
    claims = {claim.job_id: claim for claim in await world.claim()}
    loaded = {job.id: await world.job(job.id) for job in jobs}
    loaded[claimed.id] = claimed
    await world.settle(claims[edited.id], Snoozed(minutes(5)))
    loaded[edited.id] = await world.job(edited.id)
    await world.manage.run_now([edited.id])
    await world.settle(claims[ended.id], Succeeded())
    await world.cancel(requested.id)
    await world.settle(claims[retried.id], Released())
    before = {job.id: await world.job(job.id) for job in jobs}
    changes = [Change(job, attrs.evolve(job, revision=99, cancel_reason=None)) for job in loaded.values()]
    async with world.units_of_work() as unit:
        refused = await unit.jobs.change(changes)
        await unit.commit()
    assert refused == {claimed.id, edited.id, ended.id, requested.id, retried.id}
    for job_id in refused:
        assert await world.job(job_id) == before[job_id]
    assert (await world.job(same.id)).revision == 99


async def test_a_change_is_refused_after_a_run_that_left_no_other_trace(world: World) -> None:
    """Claimed and given back, the job looks as it did, but for its lease token."""
    claim = await world.claimed(a_birth())
    before = await world.ended(claim, Released())
    await world.settle(await world.reclaimed(claim.job_id), Released())
    after, _ = before.edit(JobEdit(priority=1), before.etag)
    async with world.units_of_work() as unit:
        assert await unit.jobs.change([Change(before, after)]) == {before.id}


async def test_a_heartbeat_refuses_no_change(world: World) -> None:
    """A lease that was extended, a start or progress does not count as having moved on, and none of it is undone."""
    claim = await world.claimed(a_birth(), begun=False)
    job = await world.job(claim.job_id)
    await world.leases.heartbeat([Pulse(claim.fence, progress=b'{"at": 5}')], minutes(5))
    after, _ = job.cancel(await world.now(), "enough")
    async with world.units_of_work() as unit:
        assert not await unit.jobs.change([Change(job, after)])
        await unit.commit()
    told = await world.job(job.id)
    assert (told.cancel_requested_at, told.cancel_reason) == (after.cancel_requested_at, "enough")
    assert near(told.started_at, await world.now())
    assert (told.progress, near(told.lease_expires_at, await world.now() + minutes(5))) == (b'{"at": 5}', True)


async def test_a_change_to_a_job_that_is_gone_is_refused(world: World) -> None:
    """What is not there has moved on."""
    (job,) = await world.enqueue(a_birth())
    ghost = attrs.evolve(job, id=a_birth().job_id)
    async with world.units_of_work() as unit:
        assert await unit.jobs.change([Change(ghost, ghost)]) == {ghost.id}
        assert not await unit.jobs.change([])


async def test_cancelling_ends_the_queued_and_asks_the_running(world: World) -> None:
    """Queued at once; running by request, which stays a request; ended not at all; unknown is unknown."""
    (queued,) = await world.enqueue(a_birth(queue="aside"))
    running, done = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.settle(done, Succeeded())
    ids = [queued.id, running.job_id, done.job_id, a_birth().job_id]
    answers = await world.manage.cancel(ids, reason="no need")
    kinds = [type(answers[job_id]) for job_id in ids]
    assert kinds == [Moved, Moved, AlreadyFinished, JobNotFound]
    cancelled, asked = await world.job(queued.id), await world.job(running.job_id)
    assert (cancelled.status, cancelled.cancel_reason) == (JobStatus.CANCELLED, "no need")
    assert near(cancelled.finished_at, await world.now())
    assert (asked.status, asked.cancel_reason) == (JobStatus.RUNNING, "no need")
    assert near(asked.cancel_requested_at, await world.now())


async def test_cancelling_again_is_a_repetition(world: World) -> None:
    """Neither the time nor the reason of the first cancel changes."""
    (queued,) = await world.enqueue(a_birth(queue="aside"))
    running = await world.claimed(a_birth())
    ids = [queued.id, running.job_id]
    await world.manage.cancel(ids, reason="first")
    before = [await world.job(job_id) for job_id in ids]
    await world.let_pass(timedelta(0))
    answers = await world.manage.cancel(ids, reason="second")
    assert [answers[job_id] for job_id in ids] == [Moved(job, repeated=True) for job in before]
    assert [await world.job(job_id) for job_id in ids] == before


async def test_a_manual_retry_restores_the_budget_and_keeps_the_rest(world: World) -> None:
    """Due now with all retries, under the same identity; attempts and tokens are never reset."""
    claim = await world.claimed(a_birth(max_retries=2, payload=b'{"a": 1}'))
    dead = await world.ended(claim, Discarded(OOPS))
    await world.let_pass(minutes(5))
    job = await world.retry(dead.id)
    assert (job.status, job.retry_count, job.lapse_count, job.attempt) == (JobStatus.QUEUED, 0, 0, 1)
    assert (job.lease_token, job.finished_at, job.started_at, job.error) == (1, None, None, OOPS)
    assert near(job.run_at, await world.now())
    assert await world.job(job.id) == job
    again = await world.reclaimed(job.id)
    assert (again.attempt, again.fence.token) == (2, 2)
    assert len(await world.attempts(job.id)) == 1


async def test_only_ended_jobs_can_be_retried(world: World) -> None:
    """Queued and running jobs are on their way; a success is final."""
    (queued,) = await world.enqueue(a_birth(queue="aside"))
    running, done = await world.claimed(a_birth()), await world.claimed(a_birth())
    await world.settle(done, Succeeded())
    answers = await world.manage.retry([queued.id, running.job_id, done.job_id])
    assert {type(answer) for answer in answers.values()} == {InvalidTransition}


async def test_a_change_waits_for_another_and_is_then_refused(world: World) -> None:
    """Of two people who decide on the same state of a job, the second is told that it moved on."""
    (job,) = await world.enqueue(a_birth())
    after, _ = job.cancel(await world.now())
    async with world.units_of_work() as first:
        assert not await first.jobs.change([Change(job, after)])
        second = asyncio.create_task(world.manage.cancel([job.id], reason="late"))
        await asyncio.sleep(0)
        await first.commit()
    answers = await second
    assert answers[job.id] == Moved(after, repeated=True)


async def test_a_cancel_and_a_settlement_end_a_job_once(world: World) -> None:
    """Raced, either the success stands and the cancel is refused, or the request came first and success wins."""
    claims = [await world.claimed(a_birth()) for _ in range(20)]
    racers = [world.another_leases() for _ in range(2)]

    async def race(claim: Claim) -> None:
        answers = await asyncio.gather(
            world.manage.cancel([claim.job_id]),
            racers[0].settle([decided(claim, Succeeded())]),
            racers[1].heartbeat([Pulse(claim.fence)], LEASE),
        )
        assert answers[1][0].status is JobStatus.SUCCEEDED
        job = await world.job(claim.job_id)
        refused = isinstance(answers[0][claim.job_id], AlreadyFinished)
        assert (job.status, refused) == (JobStatus.SUCCEEDED, job.cancel_requested_at is None)

    for claim in claims:
        await race(claim)


async def test_a_removed_job_is_gone_with_its_attempts(world: World) -> None:
    """Only that one, only once the unit commits, and its unique key stays nobody's."""
    claim = await world.claimed(a_unique_birth(Unique("k")))
    dead = await world.ended(claim, Discarded(OOPS))
    (other,) = await world.enqueue(a_birth())
    async with world.units_of_work() as unit:
        assert not await unit.jobs.remove([dead])
        assert not await unit.jobs.load([dead.id])
    assert await world.job(dead.id) == dead
    async with world.units_of_work() as unit:
        assert not await unit.jobs.remove([dead])
        assert await unit.jobs.remove([]) == frozenset()
        await unit.commit()
    assert await world.reads.get(dead.id) is None
    assert not await world.attempts(dead.id)
    assert await world.job(other.id) == other


async def test_a_removal_is_refused_once_the_job_has_moved_on(world: World) -> None:
    """Who retried a dead job meanwhile keeps it; one that is gone counts as moved on."""
    dead = [await world.ended(await world.claimed(a_birth()), Discarded(OOPS)) for _ in range(2)]
    stays = await world.retry(dead[0].id)
    for refused in ({dead[0].id}, {dead[0].id, dead[1].id}):
        async with world.units_of_work() as unit:
            assert await unit.jobs.remove(dead) == refused
            await unit.commit()
    assert await world.job(dead[0].id) == stays


async def test_a_payload_that_cannot_be_stored_changes_nothing(world: World) -> None:
    """Its pointer says where it stood."""
    (job,) = await world.enqueue(a_birth())
    after, _ = job.edit(JobEdit(payload=b'{"a": "\\u0000"}'), job.etag)
    with pytest.raises(InvalidJob):
        async with world.units_of_work() as unit:
            await unit.jobs.change([Change(job, after)])
    assert await world.job(job.id) == job
