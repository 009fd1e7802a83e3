"""One job: look, cancel, retry, result, attempts."""

from datetime import timedelta
from typing import Any

import attrs
import pytest
from tests.builders import NOON, OOPS, WORKER, a_job, an_order
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.application.ports.reads import Attempt
from equeue.domain.access import Role, Scope
from equeue.domain.job import Job
from equeue.domain.lease import Fence
from equeue.domain.outcomes import AttemptOutcome
from equeue.domain.status import JobStatus

JOBS = "/api/v1/jobs"


def store(world: World, status: JobStatus = JobStatus.QUEUED, **facts: Any) -> Job:
    """Put a job of the member into the store."""
    job = attrs.evolve(a_job(status), **{"user_id": world.member.id, **facts})
    world.store.jobs[job.id] = job
    return job


async def test_job_is_shown_whole_with_its_tag(api: Caller, world: World) -> None:
    """A single job brings all its documents, an ETag and the time."""
    large = b'{"x":"%s"}' % (b"y" * 5_000)
    job = store(world, JobStatus.SUCCEEDED, payload=large, result=b"12345678901234567890123")
    answer = await api.get(f"{JOBS}/{job.id}")
    body = answer.json()
    assert answer.headers["etag"] == f'"{job.etag}"'
    assert (body["etag"], body["truncated"]) == (job.etag, [])
    assert body["payload"] == {"x": "y" * 5_000}
    assert b'"result":12345678901234567890123' in answer.content
    assert body["server_time"] == "2026-01-01T00:00:00.000000Z"


async def test_error_and_progress_are_shown(api: Caller, world: World) -> None:
    """A dead job says why."""
    job = store(world, JobStatus.DEAD, progress=b'{"done":1,"of":2}')
    body = (await api.get(f"{JOBS}/{job.id}")).json()
    assert body["error"] == attrs.asdict(OOPS)
    assert body["progress"] == {"done": 1, "of": 2}


async def test_queued_job_is_cancelled_at_once(api: Caller, world: World) -> None:
    """200, and the reason is kept."""
    job = store(world)
    answer = await api.post(f"{JOBS}/{job.id}/cancel", json={"reason": "not needed"})
    body = answer.json()
    assert (answer.status_code, body["outcome"]) == (200, "cancelled")
    assert (body["job"]["status"], body["job"]["cancel_reason"]) == ("cancelled", "not needed")
    assert answer.headers["etag"] == f'"{body["job"]["etag"]}"'


async def test_cancel_needs_no_body(api: Caller, world: World) -> None:
    """A bare POST is enough."""
    assert (await api.post(f"{JOBS}/{store(world).id}/cancel")).status_code == 200


async def test_running_job_is_asked_to_stop(api: Caller, world: World) -> None:
    """202: the worker is told, and asking again changes nothing."""
    job = store(world, JobStatus.RUNNING)
    first = await api.post(f"{JOBS}/{job.id}/cancel")
    assert (first.status_code, first.json()["outcome"]) == (202, "requested")
    assert first.json()["job"]["cancel_requested"] is True
    second = await api.post(f"{JOBS}/{job.id}/cancel")
    assert (second.status_code, second.json()["outcome"]) == (202, "repeated")


async def test_cancelled_job_is_cancelled_again_harmlessly(api: Caller, world: World) -> None:
    """200 and `repeated`."""
    job = store(world, JobStatus.CANCELLED)
    answer = await api.post(f"{JOBS}/{job.id}/cancel")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "repeated")


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.DEAD])
async def test_finished_job_is_not_cancelled(api: Caller, world: World, status: JobStatus) -> None:
    """409: it is over."""
    is_problem(await api.post(f"{JOBS}/{store(world, status).id}/cancel"), "already-finished")


@pytest.mark.parametrize("status", [JobStatus.DEAD, JobStatus.CANCELLED])
async def test_ended_job_is_queued_again_with_a_full_budget(api: Caller, world: World, status: JobStatus) -> None:
    """A retry by hand restores the budget and keeps the attempts."""
    job = store(world, status, retry_count=3, attempt=4)
    answer = await api.post(f"{JOBS}/{job.id}/retry")
    body = answer.json()
    assert (answer.status_code, body["outcome"]) == (200, "queued")
    assert (body["job"]["retry_count"], body["job"]["attempt"]) == (0, 4)
    [claim] = await world.leases.claim(an_order())
    assert claim.job_id == job.id


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUCCEEDED])
async def test_other_jobs_are_not_retried(api: Caller, world: World, status: JobStatus) -> None:
    """409: the table has no such arc."""
    is_problem(await api.post(f"{JOBS}/{store(world, status).id}/retry"), "invalid-transition")


async def test_result_of_a_success(api: Caller, world: World) -> None:
    """200 with the result, to the last digit."""
    job = store(world, JobStatus.SUCCEEDED, result=b'{"n":123456789012345678901234567890}')
    answer = await api.get(f"{JOBS}/{job.id}/result")
    assert answer.status_code == 200
    assert b'"result":{"n":123456789012345678901234567890}' in answer.content


@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING])
async def test_result_that_is_not_there_yet(api: Caller, world: World, status: JobStatus) -> None:
    """202 says when to ask again."""
    answer = await api.get(f"{JOBS}/{store(world, status).id}/result")
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
    assert "result" not in answer.json()
    assert answer.json()["status"] == status


async def test_result_that_will_never_be(api: Caller, world: World) -> None:
    """409 with the error of a dead job, or the reason of a cancel."""
    dead = store(world, JobStatus.DEAD)
    gone = store(world, JobStatus.CANCELLED, cancel_reason="not needed")
    assert is_problem(await api.get(f"{JOBS}/{dead.id}/result"), "job-dead")["error"] == attrs.asdict(OOPS)
    assert "not needed" in is_problem(await api.get(f"{JOBS}/{gone.id}/result"), "job-cancelled")["detail"]


async def test_attempts_are_listed_oldest_first(api: Caller, world: World) -> None:
    """Each ended attempt with its outcome, worker, times and error."""
    job = store(world, JobStatus.SUCCEEDED)
    for number, outcome, error in ((2, AttemptOutcome.SUCCEEDED, None), (1, AttemptOutcome.FAILED, OOPS)):
        ended = NOON + timedelta(seconds=number)
        world.store.attempts[Fence(job.id, number)] = Attempt(number, outcome, WORKER, NOON, ended, error)
    body = (await api.get(f"{JOBS}/{job.id}/attempts")).json()
    assert [(one["attempt"], one["outcome"]) for one in body["items"]] == [(1, "failed"), (2, "succeeded")]
    assert list(body["items"][0]) == ["attempt", "outcome", "worker_id", "started_at", "finished_at", "error"]
    assert body["items"][0]["error"] == attrs.asdict(OOPS)
    assert body["items"][0]["finished_at"] == "2026-11-22T12:00:01.000000Z"


async def test_attempts_come_page_by_page(api: Caller, world: World) -> None:
    """The cursor leads on, and belongs to the one job."""
    job, other = store(world, JobStatus.DEAD), store(world, JobStatus.DEAD)
    for number in (1, 2, 3):
        failed = Attempt(number, AttemptOutcome.FAILED, WORKER, NOON, NOON, OOPS)
        world.store.attempts[Fence(job.id, number * 10)] = failed
    first = (await api.get(f"{JOBS}/{job.id}/attempts?limit=2")).json()
    assert ([one["attempt"] for one in first["items"]], first["has_more"]) == ([1, 2], True)
    rest = (await api.get(f"{JOBS}/{job.id}/attempts?limit=2&cursor={first['next_cursor']}")).json()
    assert ([one["attempt"] for one in rest["items"]], rest["has_more"], rest["next_cursor"]) == ([3], False, None)
    astray = await api.get(f"{JOBS}/{other.id}/attempts?cursor={first['next_cursor']}")
    is_problem(astray, "cursor-mismatch")


ABOUT_A_JOB = [
    ("GET", ""),
    ("GET", "/attempts"),
    ("GET", "/result"),
    ("POST", "/cancel"),
    ("POST", "/retry"),
    ("POST", "/run-now"),
    ("POST", "/rerun"),
]


@pytest.mark.parametrize(("method", "path"), ABOUT_A_JOB)
async def test_anothers_job_is_as_if_it_were_not_there(api: Caller, world: World, method: str, path: str) -> None:
    """The same 404, byte for byte but for the request's id, for another's job, for none, and for what is no id."""
    job = store(world, user_id=(await world.person(Role.MEMBER)).id)
    answers = [
        await api(method, f"{JOBS}/{name}{path}", headers={"x-request-id": "same"})
        for name in (str(job.id), "01890000-0000-7000-8000-000000000000", "nonsense", f"{{{job.id}}}", job.id.hex)
    ]
    is_problem(answers[0], "not-found")
    assert {answer.content for answer in answers} == {answers[0].content}
    assert world.store.jobs[job.id] == job


@pytest.mark.parametrize(("method", "path"), ABOUT_A_JOB)
async def test_missing_job_comes_before_a_malformed_request(api: Caller, method: str, path: str) -> None:
    """404 is told before 400."""
    missing = f"{JOBS}/01890000-0000-7000-8000-000000000000{path}"
    is_problem(await api(method, f"{missing}?nonsense=1"), "not-found")
    if method == "POST":
        is_problem(await api(method, missing, json={"nonsense": 1}), "not-found")


async def test_operator_steers_anothers_job_and_viewer_does_not(api: Caller, world: World) -> None:
    """A viewer sees all and steers only their own; an operator steers all."""
    job = store(world)
    viewer = api.with_key(await world.key_of(await world.person(Role.VIEWER)))
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    assert (await viewer.get(f"{JOBS}/{job.id}")).status_code == 200
    is_problem(await viewer.post(f"{JOBS}/{job.id}/cancel"), "not-found")
    assert (await operator.post(f"{JOBS}/{job.id}/cancel")).status_code == 200


async def test_key_confined_to_queues_reaches_no_other_job(api: Caller, world: World) -> None:
    """Outside the key's queues a job is not there."""
    inside, outside = store(world, queue="email"), store(world, queue="other")
    confined = api.with_key(await world.key_of(world.member, queue_globs=("em*",)))
    for method, path in [*ABOUT_A_JOB[:3], *ABOUT_A_JOB[5:], ABOUT_A_JOB[3]]:
        assert (await confined(method, f"{JOBS}/{inside.id}{path}")).status_code < 300
        is_problem(await confined(method, f"{JOBS}/{outside.id}{path}"), "not-found")
        is_problem(await confined(method, f"{JOBS}/{outside.id}{path}?nonsense=1"), "not-found")


async def test_key_that_only_writes_reads_no_job(api: Caller, world: World) -> None:
    """It sees the answers to its own enqueues; a cancel tells it the status but not the contents."""
    writer = api.with_key(await world.key_of(world.member, scopes=frozenset({Scope.JOBS_WRITE})))
    created = (await writer.post(JOBS, json={"task": "a", "payload": {"x": 1}})).json()["job"]
    assert created["payload"] == {"x": 1}
    for path in ("", f"/{created['id']}", f"/{created['id']}/attempts", f"/{created['id']}/result"):
        is_problem(await writer.get(f"{JOBS}{path}"), "forbidden")
    cancelled = (await writer.post(f"{JOBS}/{created['id']}/cancel")).json()["job"]
    assert (cancelled["status"], cancelled["truncated"]) == ("cancelled", ["payload"])


async def test_uppercase_id_is_the_same_job(api: Caller, world: World) -> None:
    """UUIDs are case-insensitive (RFC 9562)."""
    assert (await api.get(f"{JOBS}/{str(store(world).id).upper()}")).status_code == 200
