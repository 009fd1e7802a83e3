"""One job, steered: run-now, edit, delete."""

import json
from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import a_job
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role, Scope
from equeue.domain.job import Job
from equeue.domain.status import JobStatus

JOBS = "/api/v1/jobs"
MISSING = "01890000-0000-7000-8000-000000000000"
ENDED = [JobStatus.SUCCEEDED, JobStatus.DEAD, JobStatus.CANCELLED]


def store(world: World, status: JobStatus = JobStatus.QUEUED, **facts: Any) -> Job:
    """Put a job of the member into the store."""
    job = attrs.evolve(a_job(status), **{"user_id": world.member.id, **facts})
    world.store.jobs[job.id] = job
    return job


@pytest.fixture
async def operator(api: Caller, world: World) -> Caller:
    """Give a caller with an operator's key."""
    return api.with_key(await world.key_of(await world.person(Role.OPERATOR)))


@pytest.fixture
async def admin(api: Caller, world: World) -> Caller:
    """Give a caller with an admin's key."""
    return api.with_key(await world.key_of(await world.person(Role.ADMIN)))


async def patch(caller: Caller, job: Job, changes: Any, etag: str | None = None, **request: Any) -> Any:
    """Edit a job that was read as it is."""
    headers = {"if-match": f'"{etag or job.etag}"'}
    return await caller("PATCH", f"{JOBS}/{job.id}", json=changes, headers=headers, **request)


async def test_waiting_job_is_run_now(api: Caller, world: World) -> None:
    """It is due at once, under another tag; saying it again changes nothing, not even the tag."""
    job = store(world, run_at=world.clock.now() + timedelta(hours=1))
    first = await api.post(f"{JOBS}/{job.id}/run-now")
    assert (first.status_code, first.json()["outcome"]) == (200, "queued")
    assert first.json()["job"]["run_at"] == "2026-01-01T00:00:00.000000Z"
    assert first.headers["etag"] not in ("", f'"{job.etag}"')
    again = await api.post(f"{JOBS}/{job.id}/run-now")
    assert (again.status_code, again.json()["outcome"]) == (200, "repeated")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("status", [JobStatus.RUNNING, *ENDED])
async def test_other_jobs_are_not_run_now(api: Caller, world: World, status: JobStatus) -> None:
    """409: only what waits can be made due."""
    is_problem(await api.post(f"{JOBS}/{store(world, status).id}/run-now"), "invalid-transition")


async def test_edit_changes_what_it_names(operator: Caller, world: World) -> None:
    """The answer brings the job as it is now, and its new tag."""
    job = store(world, payload=b'{"keep": 12345678901234567890123, "drop": 1, "deep": {"a": 1.10, "b": 2}}')
    changes = {
        "priority": 0,
        "queue": "email",
        "run_at": "2026-01-02T00:00:00+01:00",
        "max_retries": 9,
        "tags": ["vip"],
        "payload": {"drop": None, "deep": {"b": None, "c": [None]}, "new": {"x": None, "y": 1}},
    }
    answer = await patch(operator, job, changes)
    shown = answer.json()["job"]
    assert (answer.status_code, answer.json()["outcome"]) == (200, "edited")
    assert (shown["priority"], shown["queue"], shown["max_retries"], shown["tags"]) == (0, "email", 9, ["vip"])
    assert shown["run_at"] == "2026-01-01T23:00:00.000000Z"
    expected = b'{"keep":12345678901234567890123,"deep":{"a":1.10,"c":[null]},"new":{"y":1}}'
    assert world.store.jobs[job.id].payload == expected
    assert answer.headers["etag"] == f'"{shown["etag"]}"' != f'"{job.etag}"'


async def test_edit_keeps_what_it_does_not_name(operator: Caller, world: World) -> None:
    """One member changes, and the revision that the tag is made of."""
    job = store(world)
    await patch(operator, job, {"priority": 1})
    assert world.store.jobs[job.id] == attrs.evolve(job, priority=1, revision=job.revision + 1)


async def test_edit_takes_a_merge_patch_by_its_own_name(operator: Caller, world: World) -> None:
    """`application/merge-patch+json` means what plain JSON means here."""
    job = store(world)
    kind = {"content-type": "application/merge-patch+json", "if-match": f'"{job.etag}"'}
    answer = await operator("PATCH", f"{JOBS}/{job.id}", content=b'{"priority":1}', headers=kind)
    assert answer.json()["job"]["priority"] == 1


async def test_edit_without_if_match_is_refused(operator: Caller, world: World) -> None:
    """428, whatever the body says; 404 comes first."""
    job = store(world)
    for body in ({"priority": 1}, {"nonsense": 1}):
        is_problem(await operator("PATCH", f"{JOBS}/{job.id}", json=body), "precondition-required")
        is_problem(await operator("PATCH", f"{JOBS}/{MISSING}", json=body), "not-found")
    assert world.store.jobs[job.id] == job


@pytest.mark.parametrize("given", ['"queued-0-7"', 'W/"{}"', "{}", "", '"{}', "nonsense"])
async def test_edit_of_what_changed_meanwhile_is_refused(operator: Caller, world: World, given: str) -> None:
    """412 for any but the very tag; a weak one is none, and a malformed body comes later."""
    job = store(world)
    headers = {"if-match": given.format(job.etag)}
    for body in ({"priority": 1}, {"nonsense": 1}):
        is_problem(await operator("PATCH", f"{JOBS}/{job.id}", json=body, headers=headers), "stale")
    assert world.store.jobs[job.id] == job


@pytest.mark.parametrize("given", ["*", '"other", "{}"', ' "{}" '])
async def test_if_match_may_be_a_list_or_anything(operator: Caller, world: World, given: str) -> None:
    """As RFC 9110 has it."""
    job = store(world)
    headers = {"if-match": given.format(job.etag)}
    assert (await operator("PATCH", f"{JOBS}/{job.id}", json={"priority": 1}, headers=headers)).status_code == 200


@pytest.mark.parametrize("status", [JobStatus.RUNNING, *ENDED])
async def test_only_queued_jobs_are_edited(operator: Caller, world: World, status: JobStatus) -> None:
    """409, even for who has read the job as it is."""
    job = store(world, status)
    is_problem(await patch(operator, job, {"priority": 1}), "invalid-transition")
    assert world.store.jobs[job.id] == job


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"priority": 10}, "invalid-body", "/priority"),
        ({"priority": None}, "invalid-body", "/priority"),
        ({"queue": "No"}, "invalid-body", "/queue"),
        ({"task": "other"}, "invalid-body", "/task"),
        ({"payload": [1]}, "invalid-job", "/payload"),
        ({"payload": None}, "invalid-job", "/payload"),
        ({"tags": [""]}, "invalid-job", "/tags/0"),
        ({"run_at": "2100-01-01T00:00:00Z"}, "invalid-job", "/run_at"),
        ({"max_retries": 1}, "invalid-job", "/max_retries"),
    ],
)
async def test_edit_keeps_the_rules_of_an_enqueue(
    operator: Caller, world: World, changes: Any, code: str, pointer: str
) -> None:
    """400 with the pointer, and nothing changes."""
    job = store(world, retry_count=2)
    assert pointers(is_problem(await patch(operator, job, changes), code)) == [pointer]
    assert world.store.jobs[job.id] == job


async def test_edit_cannot_make_a_payload_too_large(operator: Caller, world: World) -> None:
    """The merged payload counts, not the patch."""
    job = store(world, payload=json.dumps({"a": "x" * 700_000}).encode())
    is_problem(await patch(operator, job, {"payload": {"b": "y" * 700_000}}), "payload-too-large")
    assert world.store.jobs[job.id] == job


async def test_edit_is_an_operators_and_delete_an_admins(api: Caller, operator: Caller, world: World) -> None:
    """Members and viewers are told 403, also of their own jobs, and so is an operator who deletes."""
    job = store(world)
    is_problem(await patch(api, job, {"priority": 1}), "forbidden")
    is_problem(await operator("DELETE", f"{JOBS}/{job.id}"), "forbidden")
    is_problem(await api("DELETE", f"{JOBS}/{job.id}"), "forbidden")
    assert world.store.jobs[job.id] == job


async def test_confined_operator_reaches_no_other_queue(api: Caller, world: World) -> None:
    """Outside the key's queues a job is not there, and none can be moved there."""
    inside, outside = store(world, queue="email"), store(world, queue="other")
    person = await world.person(Role.OPERATOR)
    confined = api.with_key(await world.key_of(person, queue_globs=("em*",)))
    is_problem(await patch(confined, outside, {"priority": 1}), "not-found")
    is_problem(await patch(confined, outside, {"priority": 1}, etag="stale"), "not-found")
    is_problem(await patch(confined, inside, {"queue": "other"}), "queue-forbidden")
    assert (await patch(confined, inside, {"queue": "em-2"})).status_code == 200
    boss = api.with_key(await world.key_of(await world.person(Role.ADMIN), queue_globs=("em*",)))
    world.store.jobs[outside.id] = attrs.evolve(a_job(JobStatus.DEAD), id=outside.id, queue="other")
    is_problem(await boss("DELETE", f"{JOBS}/{outside.id}"), "not-found")
    assert outside.id in world.store.jobs


@pytest.mark.parametrize("status", ENDED)
async def test_ended_job_is_deleted(admin: Caller, world: World, status: JobStatus) -> None:
    """204 without a word, and it is gone."""
    job = store(world, status)
    answer = await admin("DELETE", f"{JOBS}/{job.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert job.id not in world.store.jobs
    is_problem(await admin("DELETE", f"{JOBS}/{job.id}"), "not-found")


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
async def test_job_that_may_run_is_not_deleted(admin: Caller, world: World, status: JobStatus) -> None:
    """409: cancel it first."""
    job = store(world, status)
    is_problem(await admin("DELETE", f"{JOBS}/{job.id}"), "invalid-transition")
    assert world.store.jobs[job.id] == job


async def test_key_with_the_scope_admin_alone_deletes_anybodys(api: Caller, world: World) -> None:
    """The scope says what it says."""
    key = await world.key_of(await world.person(Role.ADMIN), scopes=frozenset({Scope.ADMIN}))
    job = store(world, JobStatus.DEAD)
    assert (await api.with_key(key)("DELETE", f"{JOBS}/{job.id}")).status_code == 204


async def test_jobs_are_counted_by_status(api: Caller, world: World) -> None:
    """One's own, under the filter, with their sum."""
    for queue, status in (("a", JobStatus.QUEUED), ("b", JobStatus.QUEUED), ("a", JobStatus.DEAD)):
        store(world, status, queue=queue)
    store(world, user_id=(await world.person(Role.MEMBER)).id)
    counted = (await api.get(f"{JOBS}/count")).json()
    none = {status.value: {"value": 0, "capped": False} for status in JobStatus}
    one, two = ({"value": number, "capped": False} for number in (1, 2))
    assert counted == {"total": {"value": 3, "capped": False}, "by_status": none | {"queued": two, "dead": one}}
    narrow = (await api.get(f"{JOBS}/count?queue=a&status=dead&status=cancelled")).json()
    assert narrow == {"total": one, "by_status": {"dead": one, "cancelled": none["cancelled"]}}
    is_problem(await api.get(f"{JOBS}/count?cursor=1"), "invalid-parameter")


async def test_count_ends_at_its_cap(api: Caller, world: World) -> None:
    """Beyond 10,000 it only says that there are more."""
    template = store(world)
    for number in range(10_000):
        job = attrs.evolve(template, id=template.id.__class__(int=number))
        world.store.jobs[job.id] = job
    counted = (await api.get(f"{JOBS}/count?status=queued")).json()
    capped = {"value": 10_001, "capped": True}
    assert counted == {"total": capped, "by_status": {"queued": capped}}


async def test_acts_of_operators_are_told_in_the_audit_log(operator: Caller, admin: Caller, world: World) -> None:
    """Who did what to which job, in which request, and what it was before and after; a repetition is no act."""
    job = store(world, run_at=world.clock.now() + timedelta(hours=1), payload=b'{"a": 1}')
    await patch(operator, job, {"priority": 1, "payload": {"a": 2}})
    for path in ("run-now", "run-now", "cancel", "cancel", "retry", "rerun", "cancel"):
        request = {"headers": {"x-request-id": path}} | ({"json": {"reason": "enough"}} if path == "cancel" else {})
        await operator.post(f"{JOBS}/{job.id}/{path}", **request)
    await admin("DELETE", f"{JOBS}/{job.id}")
    acts = [entry.act for entry in world.store.audit.values()]
    told = ["edit", "run_now", "cancel", "retry", "rerun", "cancel", "delete"]
    assert [act.action for act in acts] == [f"job.{word}" for word in told]
    assert {act.target_id for act in acts if act.action != "job.rerun"} == {str(job.id)}
    assert (acts[0].before, acts[0].after) == ({"priority": 5}, {"priority": 1, "payload": "changed"})
    assert acts[2].after["cancel_reason"] == "enough"
    assert acts[2].actor.request_id == "cancel"
    assert len({act.actor.user_id for act in acts}) == 2


async def test_what_people_do_to_their_own_jobs_is_not_told(api: Caller, world: World) -> None:
    """A member is no operator; neither is one whose act was refused."""
    job = store(world)
    for path in ("cancel", "retry", "run-now", "rerun", "retry"):
        await api.post(f"{JOBS}/{job.id}/{path}")
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    await operator.post(f"{JOBS}/{job.id}/retry")
    assert not world.store.audit
