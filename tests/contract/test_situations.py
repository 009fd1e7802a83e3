"""What a look brings: all that a start hangs on, no more than may be seen, and never counted too far."""

from datetime import timedelta
from uuid import UUID

from tests.builders import OOPS, OTHER_OWNER, OTHER_WORKER, OWNER, QUEUE, TASK, WORKER, a_birth, minutes, seconds
from tests.contract.limiting import keys_of, limit, pause
from tests.contract.world import World, near

from equeue.application.ports.catalogue import TaskDeclaration
from equeue.domain.explanation import Explanation, JobSituation, QueueSituation, explain_job, explain_queue
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.outcomes import Discarded, Failed, Succeeded
from equeue.domain.queue import QueueSettings
from equeue.domain.reasons import Ended, KeyBusy, KeysBusy, QueueBusy, RateLimited, Reason, Running
from equeue.domain.status import JobStatus

DAY = timedelta(days=1)


async def of_job(world: World, job_id: UUID, owner: UUID | None = None) -> JobSituation:
    """Return how it stands with a job that is there."""
    situation = await world.situations.of_job(job_id, owner)
    assert situation is not None
    return situation


async def of_queue(world: World, owner: UUID | None = None) -> QueueSituation:
    """Return how it stands with the ordinary queue."""
    situation = await world.situations.of_queue(QUEUE, owner)
    assert situation is not None
    return situation


def blocking(explanation: Explanation) -> list[Reason]:
    """Return what keeps a job from being claimed."""
    return [reason for reason in explanation.reasons if reason.blocks]


async def declare(world: World, *tasks: str) -> None:
    """Have a worker that starts say what it knows."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration(task, QUEUE) for task in tasks])
        await unit.commit()


async def test_a_job_is_told_as_it_is(world: World) -> None:
    """With what it waits for, and by the time of the store."""
    (job,) = await world.enqueue(a_birth(owner=OWNER, run_at=await world.now() + minutes(5), concurrency_key="k"))
    situation = await of_job(world, job.id)
    told = situation.job
    assert (told.job_id, told.task, told.queue, told.status) == (job.id, TASK, QUEUE, JobStatus.QUEUED)
    assert (told.run_at, told.key, told.user_id) == (job.run_at, "k", OWNER)
    assert near(situation.now, await world.now())


async def test_a_running_job_says_where_and_since_when(world: World) -> None:
    """And that somebody wants it to stop; once its lease is over, that."""
    claim = await world.claimed(a_birth())
    await world.cancel(claim.job_id)
    (reason,) = explain_job(await of_job(world, claim.job_id)).reasons
    assert isinstance(reason, Running)
    assert (reason.worker_id, reason.cancel_requested) == (WORKER, True)
    assert near(reason.since, await world.now())
    await world.let_pass(minutes(10))
    (later,) = explain_job(await of_job(world, claim.job_id)).reasons
    assert later.code == "lease-lapsed"


async def test_what_is_over_says_how(world: World) -> None:
    """A success nothing more, a death its error, a cancel its reason."""
    succeeded = await world.ended(await world.claimed(a_birth()), Succeeded())
    dead = await world.ended(await world.claimed(a_birth()), Discarded(OOPS))
    (cancelled,) = await world.enqueue(a_birth())
    await world.manage.cancel([cancelled.id], reason="not needed")
    told = [explain_job(await of_job(world, job.id)) for job in (succeeded, dead, cancelled)]
    reasons = [reason for each in told for reason in each.reasons if isinstance(reason, Ended)]
    assert [(reason.status, reason.why) for reason in reasons] == [
        (JobStatus.SUCCEEDED, None),
        (JobStatus.DEAD, "ValueError: oops"),
        (JobStatus.CANCELLED, "not needed"),
    ]


async def test_a_job_that_failed_and_was_cancelled_tells_the_cancel(world: World) -> None:
    """Its last error is no longer what keeps it."""
    job = await world.ended(await world.claimed(a_birth()), Failed(OOPS))
    await world.manage.cancel([job.id], reason="enough")
    (reason,) = explain_job(await of_job(world, job.id)).reasons
    assert isinstance(reason, Ended)
    assert reason.why == "enough"


async def test_a_pause_says_who_when_why_and_until_when(world: World) -> None:
    """As it was set."""
    (job,) = await world.enqueue(a_birth())
    at = await pause(world, length=minutes(5))
    told = (await of_job(world, job.id)).queue.pause
    assert told is not None
    assert (told.at, told.until, told.reason) == (at, at + minutes(5), "for a test")
    assert (await of_queue(world)).queue.pause == told


async def test_full_places_say_who_holds_them(world: World) -> None:
    """The queue's own places, and those of one key."""
    mine = await world.claimed(a_birth(concurrency_key="k"))
    other = await world.claimed(a_birth(concurrency_key="z"), worker=OTHER_WORKER)
    (job,) = await world.enqueue(a_birth(concurrency_key="k"))
    await limit(world, running=2, per_key=1)
    busy, key = blocking(explain_job(await of_job(world, job.id)))
    assert isinstance(busy, QueueBusy)
    assert isinstance(key, KeyBusy)
    assert {(held.job_id, held.worker_id) for held in busy.holders} == {
        (mine.job_id, WORKER),
        (other.job_id, OTHER_WORKER),
    }
    assert [held.job_id for held in key.holders] == [mine.job_id]
    now = await world.now()
    assert all(near(held.since, now) for held in busy.holders)


async def test_who_sees_their_own_jobs_alone_sees_no_other_holder(world: World) -> None:
    """That the places are taken they learn, and by which of their own jobs; of the others' nothing."""
    mine = await world.claimed(a_birth(owner=OWNER, concurrency_key="k"))
    await world.claimed(a_birth(owner=OTHER_OWNER, concurrency_key="k"))
    await world.claimed(a_birth(concurrency_key="k"))
    (job,) = await world.enqueue(a_birth(owner=OWNER, concurrency_key="k"))
    await limit(world, running=3, per_key=3)
    for reason in blocking(explain_job(await of_job(world, job.id, OWNER))):
        assert isinstance(reason, QueueBusy | KeyBusy)
        assert [held.job_id for held in reason.holders] == [mine.job_id]
    queue = await of_queue(world, OWNER)
    assert [held.job_id for held in queue.queue.holders] == [mine.job_id]
    await limit(world, per_key=3)
    (keys,) = blocking(explain_queue(await of_queue(world, OWNER)))
    assert isinstance(keys, KeysBusy)
    assert keys.keys == ()
    (seen,) = blocking(explain_queue(await of_queue(world)))
    assert isinstance(seen, KeysBusy)
    assert seen.keys == ("k",)


async def test_anothers_job_is_as_one_that_is_not(world: World) -> None:
    """Whatever its status."""
    (job,) = await world.enqueue(a_birth(owner=OTHER_OWNER))
    assert await world.situations.of_job(job.id, OWNER) is None
    assert await world.situations.of_job(UUID(int=7), OWNER) is None
    assert (await of_job(world, job.id, OTHER_OWNER)).job.job_id == job.id


async def test_a_queue_that_others_jobs_alone_name_is_as_one_that_is_not(world: World) -> None:
    """Own jobs name it while they wait or run; a setting or a task names it to everybody."""
    await world.enqueue(a_birth(owner=OTHER_OWNER))
    assert await world.situations.of_queue(QUEUE, OWNER) is None
    assert await world.situations.of_queue(QUEUE) is not None
    mine = await world.claimed(a_birth(owner=OWNER, priority=0))
    assert (await of_queue(world, OWNER)).waiting == 1
    await world.settle(mine, Succeeded())
    assert await world.situations.of_queue(QUEUE, OWNER) is None
    await limit(world, running=3)
    assert (await of_queue(world, OWNER)).waiting == 1


async def test_a_spent_rate_says_when_the_next_may_start(world: World) -> None:
    """When one more token has come."""
    await limit(world, rate=Rate(2, DAY))
    *_, last = await world.enqueue(*[a_birth() for _ in range(3)])
    assert len(await world.claim()) == 2
    (reason,) = blocking(explain_job(await of_job(world, last.id)))
    assert isinstance(reason, RateLimited)
    assert near(reason.at, await world.now() + DAY / 2)
    await world.let_pass(DAY / 2 + minutes(1))
    assert explain_job(await of_job(world, last.id)).ready


async def test_a_job_is_behind_what_is_due_before_it(world: World) -> None:
    """By priority, then by time; not behind what is not due yet, and not behind other queues."""
    now = await world.now()
    places = [(5, -60), (5, -30), (3, -1), (3, 600), (7, -600)]
    jobs = await world.enqueue(*[a_birth(priority=p, run_at=now + seconds(s)) for p, s in places])
    await world.enqueue(a_birth(queue="other", priority=0))
    assert [(await of_job(world, job.id)).ahead for job in jobs] == [1, 2, 0, 0, 3]


async def test_twins_stand_in_the_order_of_their_ids(world: World) -> None:
    """As they are claimed."""
    at = await world.now() - seconds(5)
    jobs = await world.enqueue(*[a_birth(run_at=at) for _ in range(3)])
    for place, job in enumerate(sorted(jobs, key=lambda job: job.id)):
        assert (await of_job(world, job.id)).ahead == place


async def test_a_worker_is_heard_of_when_it_declares(world: World) -> None:
    """A task that nobody declared was never known; one that was is remembered with its time."""
    (job,) = await world.enqueue(a_birth())
    unknown = await of_job(world, job.id)
    assert (unknown.task_seen_at, unknown.queue.seen_at) == (None, None)
    await declare(world, TASK)
    await world.let_pass(minutes(7))
    known = await of_job(world, job.id)
    then = await world.now() - minutes(7)
    assert near(known.task_seen_at, then)
    assert near(known.queue.seen_at, then)
    assert near((await of_queue(world)).queue.seen_at, then)


async def test_a_worker_that_tells_of_itself_is_heard_of(world: World) -> None:
    """Of what it declared; a name that nobody declared is not kept."""
    (job,) = await world.enqueue(a_birth())
    await declare(world, TASK)
    await world.let_pass(minutes(7))
    await world.presence.tell({TASK, "never.declared"})
    known = await of_job(world, job.id)
    assert near(known.task_seen_at, await world.now())
    assert near(known.queue.seen_at, await world.now())
    (other,) = await world.enqueue(a_birth(task="never.declared"))
    assert (await of_job(world, other.id)).task_seen_at is None


async def test_a_lease_that_holds_shows_a_live_worker(world: World) -> None:
    """Also in a queue that is no task's own; once it is over it does not."""
    await world.claimed(a_birth())
    assert near((await of_queue(world)).queue.seen_at, await world.now())
    await world.let_pass(minutes(10))
    assert (await of_queue(world)).queue.seen_at is None


async def test_a_queue_counts_what_waits_is_due_and_runs(world: World) -> None:
    """What ended is not counted, and what expired is not seen at its head."""
    now = await world.now()
    await world.ended(await world.claimed(a_birth()), Succeeded())
    await world.claimed(a_birth())
    await world.enqueue(a_birth(), a_birth(), a_birth(run_at=now + minutes(5)), a_birth(run_at=now + minutes(9)))
    await world.enqueue(a_birth(run_at=now - minutes(2), expires_at=now - minutes(1)))
    situation = await of_queue(world)
    assert (situation.waiting, situation.due, situation.queue.running) == (5, 3, 1)
    assert situation.next_run_at == now + minutes(5)
    assert [(head.key, head.jobs) for head in situation.heads] == [(None, 2)]


async def test_a_queue_of_saturated_keys_says_so(world: World) -> None:
    """Unless a job of another key, or of none, is due."""
    await limit(world, per_key=1)
    births = [a_birth(concurrency_key=key) for key in keys_of(6, "a", "b")]
    await world.enqueue(*births)
    assert len(await world.claim()) == 2
    told = explain_queue(await of_queue(world))
    assert told.ready is False
    (reason,) = blocking(told)
    assert isinstance(reason, KeysBusy)
    assert (reason.keys, reason.deep) == (("a", "b"), False)
    await world.enqueue(a_birth())
    assert explain_queue(await of_queue(world)).ready


async def test_a_long_row_of_one_key_leaves_it_open(world: World) -> None:
    """Nobody looks further than a window to tell whether anything may start."""
    await limit(world, per_key=1)
    await world.enqueue(*[a_birth(concurrency_key="a") for _ in range(102)])
    assert len(await world.claim()) == 1
    told = explain_queue(await of_queue(world))
    assert told.ready is None
    (reason,) = blocking(told)
    assert isinstance(reason, KeysBusy)
    assert reason.deep


async def test_a_full_queue_says_that_it_refuses(world: World) -> None:
    """What waits in it may start all the same."""
    async with world.units_of_work() as unit:
        await unit.queues.put(QUEUE, QueueSettings(limits=QueueLimits(max_depth=2)))
        await unit.commit()
    await world.enqueue(a_birth(), a_birth())
    told = explain_queue(await of_queue(world))
    assert told.ready
    assert "max-depth" in [reason.code for reason in told.reasons]


async def test_a_queue_of_which_nobody_speaks_is_not_there(world: World) -> None:
    """A setting, a task, or a job that waits or runs speaks of it; what ended does not."""
    assert await world.situations.of_queue(QUEUE) is None
    await world.ended(await world.claimed(a_birth()), Succeeded())
    assert await world.situations.of_queue(QUEUE) is None
    claim = await world.claimed(a_birth())
    assert await world.situations.of_queue(QUEUE) is not None
    await world.settle(claim, Succeeded())
    await declare(world, TASK)
    assert await world.situations.of_queue(QUEUE) is not None
