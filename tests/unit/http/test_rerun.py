"""A job run again: a new one like it."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.test_steer import JOBS, store
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role, Scope
from equeue.domain.job import Job
from equeue.domain.spec import UniqueWhile
from equeue.domain.status import JobStatus

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def made(world: World, answer: Any) -> Job:
    """Return the job that an answer tells of."""
    found = next(job for job in world.store.jobs.values() if str(job.id) == answer.json()["job"]["id"])
    assert answer.headers["location"] == f"{JOBS}/{found.id}"
    return found


@pytest.mark.parametrize("status", JobStatus)
async def test_copy_is_like_the_first(api: Caller, world: World, status: JobStatus) -> None:
    """201 with its place: the same wishes, its own identity and budget, the first as its parent, due now."""
    job = store(
        world, status, payload=b'{"a":1}', queue="email", priority=2, tags=("vip",), max_retries=7, retry_count=3
    )
    answer = await api.post(f"{JOBS}/{job.id}/rerun", headers={"traceparent": TRACE})
    copy = made(world, answer)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "created")
    same = ("task", "payload", "queue", "priority", "tags", "max_retries", "timeout", "backoff", "user_id")
    assert [getattr(copy, name) for name in same] == [getattr(job, name) for name in same]
    assert (copy.status, copy.parent_id, copy.retry_count, copy.traceparent) == (JobStatus.QUEUED, job.id, 0, TRACE)
    assert copy.run_at == world.clock.now()
    assert world.store.jobs[job.id] == job


async def test_copy_may_differ(api: Caller, world: World) -> None:
    """Members that are named are the copy's own; `null` takes away."""
    expires_at = world.clock.now() + timedelta(hours=1)
    job = store(world, JobStatus.DEAD, payload=b'{"a":1}', expires_at=expires_at, concurrency_key="c")
    body = {
        "payload": {"b": None},
        "queue": "other",
        "priority": 0,
        "delay_s": 60,
        "max_retries": 0,
        "backoff": {"kind": "fixed", "base_s": 7},
        "timeout_s": 5,
        "expires_at": None,
        "tags": [],
        "concurrency_key": None,
    }
    copy = made(world, await api.post(f"{JOBS}/{job.id}/rerun", json=body))
    assert (copy.payload, copy.queue, copy.priority, copy.max_retries) == (b'{"b":null}', "other", 0, 0)
    assert copy.run_at == world.clock.now() + timedelta(minutes=1)
    assert copy.timeout == timedelta(seconds=5)
    assert (copy.expires_at, copy.concurrency_key, copy.tags) == (None, None, ())
    assert made(world, await api.post(f"{JOBS}/{job.id}/rerun")).expires_at == expires_at


async def test_copy_keeps_the_rules_of_an_enqueue(api: Caller, world: World) -> None:
    """The pointers lead into the body that was sent."""
    job = store(world)
    for body, code, pointer in (
        ({"payload": [1]}, "invalid-job", "/payload"),
        ({"tags": [""]}, "invalid-job", "/tags/0"),
        ({"task": "other"}, "invalid-body", "/task"),
    ):
        assert pointers(is_problem(await api.post(f"{JOBS}/{job.id}/rerun", json=body), code)) == [pointer]
    assert list(world.store.jobs) == [job.id]


async def test_copy_asks_for_the_same_key(api: Caller, world: World) -> None:
    """409 with the holder while the first still has it; without the key, or content with the holder, it goes on."""
    body = {"task": "a", "unique": {"key": "k"}}
    first = (await api.post(JOBS, json=body)).json()["job"]["id"]
    rerun = f"{JOBS}/{first}/rerun"
    assert is_problem(await api.post(rerun), "unique-conflict")["existing_job_id"] == first
    content = await api.post(rerun, json={"unique": {"key": "k"}})
    assert (content.status_code, content.json()["outcome"], content.json()["job"]["id"]) == (200, "existing", first)
    assert (await api.post(rerun, json={"unique": None})).status_code == 201
    await api.post(f"{JOBS}/{first}/cancel")
    copy = made(world, await api.post(rerun))
    assert (copy.unique_key, copy.unique_while) == ("k", UniqueWhile.ACTIVE)


async def test_repeated_rerun_is_one_copy(api: Caller, world: World) -> None:
    """The same Idempotency-Key gets the first answer again, and another body under it is refused."""
    job = store(world)
    headers = {"idempotency-key": "once"}
    answers = [await api.post(f"{JOBS}/{job.id}/rerun", headers=headers) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(world.store.jobs) == 2
    other = await api.post(f"{JOBS}/{job.id}/rerun", json={"priority": 1}, headers=headers)
    is_problem(other, "idempotency-key-reused")


async def test_operators_copy_stays_its_owners(api: Caller, world: World) -> None:
    """The owner sees it among their own jobs; a viewer cannot make one of another's."""
    job = store(world, JobStatus.DEAD)
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    viewer = api.with_key(await world.key_of(await world.person(Role.VIEWER)))
    copy = made(world, await operator.post(f"{JOBS}/{job.id}/rerun"))
    assert copy.user_id == world.member.id
    assert (await api.get(f"{JOBS}/{copy.id}")).status_code == 200
    is_problem(await viewer.post(f"{JOBS}/{job.id}/rerun"), "not-found")


async def test_key_confined_to_queues_copies_into_no_other(api: Caller, world: World) -> None:
    """403 for the queue that it does not reach."""
    job = store(world, queue="email")
    confined = api.with_key(await world.key_of(world.member, queue_globs=("em*",)))
    is_problem(await confined.post(f"{JOBS}/{job.id}/rerun", json={"queue": "other"}), "queue-forbidden")
    assert (await confined.post(f"{JOBS}/{job.id}/rerun")).status_code == 201


async def test_key_that_only_writes_is_not_shown_what_was_copied(api: Caller, world: World) -> None:
    """It learns that the copy is there, not what is in it."""
    job = store(world, payload=b'{"secret":1}')
    writer = api.with_key(await world.key_of(world.member, scopes=frozenset({Scope.JOBS_WRITE})))
    shown = (await writer.post(f"{JOBS}/{job.id}/rerun")).json()["job"]
    assert shown["truncated"] == ["payload"]
    assert attrs.evolve(job, payload=b"{}") != job
