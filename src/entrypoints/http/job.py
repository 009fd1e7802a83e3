"""One job: look at it and its result; cancel it, retry it."""

from datetime import datetime
from typing import Any

from ...application.manage import Answer as ManageAnswer
from ...application.manage import Moved
from ...application.ports.reads import DOCUMENTS
from ...domain.access import Principal, Scope
from ...domain.audit import Actor
from ...domain.errors import DomainError
from ...domain.ids import JobId
from ...domain.job import Job
from ...domain.status import JobStatus
from . import prefer, render, wire
from .endpoint import API, NOTHING, Accepts, Answer, Call, any_of, endpoint, missing_job
from .problems import Problem
from .services import HttpServices

PATH = f"{API}/jobs/{{job_id:str}}"
READ = any_of(Scope.JOBS_READ)
STEER = any_of(Scope.JOBS_WRITE, Scope.JOBS_ADMIN)


@endpoint("GET", PATH, access=READ, answers={200: wire.JobAnswer}, tag="jobs", waits=True)
async def get_job(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one job; with `Prefer: wait=N` once it has ended, or after N seconds (55 at most) as it is then."""
    job, now, wait = await _patiently(services, call)
    answer = Answer.of(render.job_answer(job, now), headers=_tagged(job))
    return answer if wait is None else wait.applied(answer)


@endpoint(
    "GET",
    f"{PATH}/result",
    access=READ,
    answers={200: wire.ResultAnswer, 202: wire.ResultAnswer},
    problems=("job-dead", "job-cancelled"),
    tag="jobs",
    waits=True,
)
async def get_result(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Get the result of a job: 202 while there is none yet, 409 with the error if there never will be one.

    With `Prefer: wait=N` it waits for the job's end, N seconds (55 at most).
    """
    job, now, wait = await _patiently(services, call)
    try:
        answer = _result_answer(job, now)
    except Problem as problem:
        if wait is not None:
            problem.headers |= wait.header
        raise
    return answer if wait is None else wait.applied(answer)


def _result_answer(job: Job, now: datetime) -> Answer:
    match job.status:
        case JobStatus.SUCCEEDED:
            return Answer.of(_result(job, now))
        case JobStatus.DEAD:
            raise Problem("job-dead", "The job is dead and has no result.", error=render.error(job.error))
        case JobStatus.CANCELLED:
            reason = f": {job.cancel_reason}" if job.cancel_reason else ""
            raise Problem("job-cancelled", f"The job was cancelled{reason}.", error=render.error(job.error))
        case _:
            return Answer.of(_result(job, now), 202, {"Retry-After": "1"})


@endpoint(
    "POST",
    f"{PATH}/cancel",
    access=STEER,
    body=Accepts(form=wire.CancelRequest, optional=True),
    answers={200: wire.MoveAnswer, 202: wire.MoveAnswer},
    problems=("already-finished",),
    tag="jobs",
)
async def cancel_job(services: HttpServices, call: Call[wire.Empty, wire.CancelRequest]) -> Answer:
    """Cancel a job: 200 for a queued one, at once; 202 for a running one, whose worker is asked to stop."""
    principal, job_id = call.principal, call.job_id
    await confine(services, principal, job_id)
    answers = await services.manage.cancel(
        [job_id], owner=principal.steers_only, reason=call.body.reason, actor=witness(call)
    )
    came = moved(answers[job_id])
    running = came.job.status is JobStatus.RUNNING
    outcome = "repeated" if came.repeated else "requested" if running else "cancelled"
    return move_answer(principal, came.job, outcome, 202 if running else 200)


@endpoint(
    "POST",
    f"{PATH}/retry",
    access=STEER,
    body=NOTHING,
    answers={200: wire.MoveAnswer},
    problems=("invalid-transition",),
    tag="jobs",
)
async def retry_job(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Queue a dead or cancelled job again, its retry budget restored and its attempts kept."""
    principal, job_id = call.principal, call.job_id
    await confine(services, principal, job_id)
    answers = await services.manage.retry([job_id], owner=principal.steers_only, actor=witness(call))
    return move_answer(principal, moved(answers[job_id]).job, "queued", 200)


async def find(services: HttpServices, principal: Principal, job_id: JobId) -> tuple[Job, datetime]:
    """Return a job and the database's time; raise the same 404 for none, for another's, for one out of reach."""
    found = await services.reads.get(job_id, principal.sees_only)
    if found is None or not principal.reaches(found[0].queue):
        raise missing_job()
    return found


async def _patiently(services: HttpServices, call: Call[wire.Empty, None]) -> tuple[Job, datetime, prefer.Wait | None]:
    """Return a job, the database's time, and how long the caller was ready to wait for the job's end."""
    job, now = await find(services, call.principal, call.job_id)
    wait = prefer.wait_of(call.headers)
    if wait is not None and not job.status.ended:
        await prefer.until_ended(services, call, job.id, wait)
        job, now = await find(services, call.principal, call.job_id)
    return job, now, wait


async def find_steered(services: HttpServices, principal: Principal, job_id: JobId) -> tuple[Job, datetime]:
    """Return a job that `principal` may steer, and the database's time; raise the same 404 for every other."""
    job, now = await find(services, principal, job_id)
    if principal.steers_only not in (None, job.user_id):
        raise missing_job()
    return job, now


def witness(call: Call[Any, Any]) -> Actor | None:
    """Return whom the audit log names: operators and admins answer for what they do, nobody for their own jobs."""
    return call.actor if call.principal.may(Scope.JOBS_ADMIN) or call.principal.may(Scope.ADMIN) else None


async def confine(services: HttpServices, principal: Principal, job_id: JobId) -> None:
    """Raise 404 for a job outside the queues to which a key is confined; other keys pay no read for it."""
    if principal.queue_globs:
        await find(services, principal, job_id)


def moved(answer: ManageAnswer) -> Moved:
    """Return what came of a move; raise the refusal if it was refused."""
    if isinstance(answer, DomainError):
        raise answer
    return answer


def move_answer(principal: Principal, job: Job, outcome: Any, status: int) -> Answer:
    """Return the answer to a move: what came of it, and the job as it is now."""
    # Who may only write is told what became of the job, not what is in it.
    without = () if principal.may(Scope.JOBS_READ) else DOCUMENTS
    return Answer.of(wire.MoveAnswer(outcome, render.job(job, without=without)), status, _tagged(job))


def _tagged(job: Job) -> dict[str, str]:
    return {"ETag": f'"{job.etag}"'}


def _result(job: Job, now: datetime) -> wire.ResultAnswer:
    answer = wire.ResultAnswer(
        job_id=str(job.id),
        status=job.status,
        finished_at=render.maybe_instant(job.finished_at),
        server_time=render.instant(now),
    )
    if job.status is JobStatus.SUCCEEDED:
        answer.result = render.raw(job.result)
    return answer


ENDPOINTS = (get_job, get_result, cancel_job, retry_job)
