"""Why a job is not running, over HTTP: to whom it may concern, and nothing of anybody else's."""

from typing import Any

import pytest
from tests.builders import WORKER, a_job, an_order, minutes
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.application.ports.queues import StoredQueue
from equeue.domain.access import Role, Scope
from equeue.domain.ids import UUID
from equeue.domain.job import Job
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.queue import Pause, QueueSettings
from equeue.domain.status import JobStatus

QUEUE = "mail"


def put_queue(world: World, limits: QueueLimits | None = None, pause: Pause | None = None) -> None:
    """Set limits and pause of the queue."""
    now, settings = world.clock.now(), QueueSettings(limits=limits or QueueLimits())
    world.store.queues[QUEUE] = StoredQueue(QUEUE, settings, now, now, pause=pause)


def put_job(world: World, status: JobStatus = JobStatus.QUEUED, **facts: Any) -> Job:
    """Store a job, of the member unless said otherwise, due now."""
    now = world.clock.now()
    due = {"run_at": now, "created_at": now, "user_id": world.member.id, "queue": QUEUE}
    if status is JobStatus.RUNNING:
        due |= {"started_at": now, "lease_expires_at": now + minutes(1)}
    job = a_job(status, **due | facts)
    world.store.jobs[job.id] = job
    return job


async def explained(api: Caller, job: Job) -> Any:
    """Return the explanation of a job that may be seen."""
    answer = await api.get(f"/api/v1/jobs/{job.id}/explain")
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(told: Any) -> list[str]:
    """Return the reasons' codes, in order."""
    return [reason["code"] for reason in told["reasons"]]


async def test_a_ready_job_says_what_it_waits_for(api: Caller, world: World) -> None:
    """It may start; that nobody is there to run it, and how many come before, is told beside."""
    put_job(world, run_at=world.clock.now() - minutes(1))
    told = await explained(api, put_job(world))
    assert (told["ready"], told["status"], told["queue"]) == (True, "queued", QUEUE)
    assert codes(told) == ["no-worker-for-task", "no-worker-for-queue", "behind"]
    assert not any(reason["blocks"] for reason in told["reasons"])


async def test_a_pause_says_by_whom_why_and_until_when(api: Caller, world: World) -> None:
    """In members and in words."""
    operator, now = uuid7(), world.clock.now()
    put_queue(world, pause=Pause(now, operator, reason="the provider is down", until=now + minutes(30)))
    told = await explained(api, put_job(world))
    paused = told["reasons"][0]
    assert (told["ready"], paused["code"], paused["blocks"]) == (False, "paused", True)
    assert paused["paused"]["user_id"] == str(operator)
    assert paused["paused"]["reason"] == "the provider is down"
    assert str(operator) in paused["detail"]
    assert "(in 30 min)" in paused["detail"]
    assert "the provider is down" in paused["detail"]


@pytest.mark.parametrize("kept", ["another's", "random", "out of reach"])
async def test_what_may_not_be_seen_is_not_there(world: World, kept: str) -> None:
    """Another's job, one in a queue that the key does not reach, and none at all are one answer."""
    job_id: UUID = uuid7()
    if kept == "another's":
        job_id = put_job(world, user_id=uuid7()).id
    if kept == "out of reach":
        job_id = put_job(world).id
    key = await world.key_of(world.member, queue_globs=("bulk.*",) if kept == "out of reach" else ())
    async with world.caller() as api:
        answer = await api.with_key(key).get(f"/api/v1/jobs/{job_id}/explain")
        random = await api.with_key(key).get(f"/api/v1/jobs/{uuid7()}/explain")
    assert answer.status_code == 404
    assert without_instance(answer.json()) == without_instance(random.json())


def without_instance(document: Any) -> Any:
    """Return a problem but for the request's own id."""
    return {name: value for name, value in document.items() if name != "instance"}


async def test_a_member_sees_no_trace_of_others_who_hold_the_places(api: Caller, world: World) -> None:
    """That they are taken, and their own; a viewer sees which, and by whom they run."""
    put_queue(world, QueueLimits(max_running=2, max_running_per_key=2))
    mine = put_job(world, JobStatus.RUNNING, concurrency_key="k")
    others = put_job(world, JobStatus.RUNNING, concurrency_key="k", user_id=uuid7())
    job = put_job(world, concurrency_key="k")
    answer = await api.get(f"/api/v1/jobs/{job.id}/explain")
    queue = await api.get(f"/api/v1/queues/{QUEUE}/explain")
    assert str(others.id) not in answer.text + queue.text
    assert str(others.user_id) not in answer.text + queue.text
    assert codes(answer.json())[:2] == ["max-running", "max-running-per-key"]
    for reason in answer.json()["reasons"][:2]:
        assert [held["job_id"] for held in reason["holders"]] == [str(mine.id)]

    viewer = api.with_key(await world.key_of(await world.person(Role.VIEWER)))
    seen = await explained(viewer, job)
    assert {held["job_id"] for held in seen["reasons"][1]["holders"]} == {str(mine.id), str(others.id)}
    assert seen["reasons"][1]["holders"][0]["worker_id"] == str(WORKER)


async def test_a_member_is_not_told_the_keys_of_a_queue(api: Caller, world: World) -> None:
    """A key may be another's customer."""
    put_queue(world, QueueLimits(max_running_per_key=1))
    for status in (JobStatus.RUNNING, JobStatus.QUEUED):
        put_job(world, status, concurrency_key="customer:42", user_id=uuid7())
    answer = await api.get(f"/api/v1/queues/{QUEUE}/explain")
    viewer = api.with_key(await world.key_of(await world.person(Role.VIEWER)))
    seen = (await viewer.get(f"/api/v1/queues/{QUEUE}/explain")).json()
    assert codes(answer.json())[0] == "keys-busy"
    assert "customer:42" not in answer.text
    assert seen["reasons"][0]["keys"] == ["customer:42"]


async def test_a_key_that_may_not_read_jobs_is_told_of_none(world: World) -> None:
    """It steers queues: that places are taken it learns, not by which jobs."""
    put_queue(world, QueueLimits(max_running=1, max_running_per_key=1))
    held = put_job(world, JobStatus.RUNNING, concurrency_key="customer:42")
    put_job(world, concurrency_key="customer:42")
    operator = await world.person(Role.OPERATOR)
    key = await world.key_of(operator, scopes=frozenset({Scope.QUEUES_ADMIN}))
    async with world.caller() as api:
        answer = await api.with_key(key).get(f"/api/v1/queues/{QUEUE}/explain")
        seen = await api.with_key(await world.key_of(operator)).get(f"/api/v1/queues/{QUEUE}/explain")
    assert codes(answer.json())[:2] == ["max-running", "keys-busy"]
    assert str(held.id) not in answer.text
    assert "customer:42" not in answer.text
    assert str(held.id) in seen.text
    assert "customer:42" in seen.text


async def test_every_reason_has_its_form(api: Caller, world: World) -> None:
    """What runs, what lapsed, what ended, what expired, what is due later."""
    now = world.clock.now()
    put_queue(world, QueueLimits(max_depth=1))
    jobs = [
        put_job(world, JobStatus.RUNNING),
        put_job(world, JobStatus.RUNNING, lease_expires_at=now - minutes(1)),
        put_job(world, JobStatus.DEAD),
        put_job(world, expires_at=now - minutes(1)),
        put_job(world, run_at=now + minutes(1), retry_count=1),
    ]
    told = [await explained(api, job) for job in jobs]
    assert [each["reasons"][0]["code"] for each in told] == ["running", "lease-lapsed", "ended", "expired", "not-due"]
    assert told[4]["reasons"][0]["retry"] is True
    queue = (await api.get(f"/api/v1/queues/{QUEUE}/explain")).json()
    assert (queue["ready"], codes(queue)[:2]) == (False, ["not-due", "max-depth"])
    assert (queue["waiting"], queue["running"]) == ({"value": 2, "capped": False}, {"value": 2, "capped": False})


async def test_a_rate_says_when_the_next_may_start(api: Caller, world: World) -> None:
    """Once a claim has spent what there was."""
    put_queue(world, QueueLimits(rate=Rate(1, minutes(1))))
    put_job(world, run_at=world.clock.now() - minutes(1))
    job = put_job(world)
    assert len(await world.leases.claim(an_order(QUEUE))) == 1
    limited = (await explained(api, job))["reasons"][0]
    assert limited["code"] == "rate-limited"
    assert limited["rate"] == {"limit": 1, "period_s": 60.0, "burst": None}
    assert limited["at"] == (world.clock.now() + minutes(1)).isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_a_queue_that_nobody_speaks_of_is_not_there(api: Caller, world: World) -> None:
    """Nor one that the key does not reach, nor what is no name."""
    put_job(world)
    key = await world.key_of(world.member, queue_globs=("bulk.*",))
    assert (await api.get("/api/v1/queues/never.seen/explain")).status_code == 404
    assert (await api.get("/api/v1/queues/NO/explain")).status_code == 404
    assert (await api.with_key(key).get(f"/api/v1/queues/{QUEUE}/explain")).status_code == 404


async def test_it_takes_a_key_that_may_read(api: Caller, world: World) -> None:
    """One that may only write sees the answers to its own enqueues, nothing else."""
    job = put_job(world)
    writer = api.with_key(await world.key_of(world.member, scopes=frozenset({Scope.JOBS_WRITE})))
    assert (await writer.get(f"/api/v1/jobs/{job.id}/explain")).status_code == 403
    assert (await writer.get(f"/api/v1/queues/{QUEUE}/explain")).status_code == 403
    assert (await api.with_key(None).get(f"/api/v1/jobs/{job.id}/explain")).status_code == 401
