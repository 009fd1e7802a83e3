"""One job, steered: make it due, change it while it waits, delete it once it has ended."""

from ...domain.access import Scope
from ...domain.job import Job, JobEdit
from . import merge, steering, wire
from .drafts import read_edit
from .endpoint import JSON, MERGE_PATCH, NOTHING, Accepts, Answer, Call, any_of, endpoint
from .job import PATH, STEER, confine, find, move_answer, moved, witness
from .preconditions import fits, stale
from .services import HttpServices


@endpoint(
    "POST",
    f"{PATH}/run-now",
    access=STEER,
    body=NOTHING,
    answers={200: wire.MoveAnswer},
    problems=("invalid-transition",),
    tag="jobs",
)
async def run_job_now(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Make a queued job due at once; one that is due already is left as it is."""
    principal, job_id = call.principal, call.job_id
    await confine(services, principal, job_id)
    answers = await services.manage.run_now([job_id], owner=principal.steers_only, actor=witness(call))
    came = moved(answers[job_id])
    return move_answer(principal, came.job, "repeated" if came.repeated else "queued", 200)


@endpoint(
    "PATCH",
    PATH,
    access=any_of(Scope.JOBS_ADMIN),
    body=Accepts(
        form=steering.EditRequest,
        read=lambda raw, content_type: read_edit(raw),  # noqa: ARG005 - some routes take two kinds
        types=(JSON, MERGE_PATCH),
        limit=lambda services: services.limits.single,
    ),
    answers={200: wire.MoveAnswer},
    problems=(
        "too-deep",
        "invalid-job",
        "queue-forbidden",
        "invalid-transition",
        "payload-too-large",
        "payload-invalid",
    ),
    tag="jobs",
    conditional=True,
)
async def edit_job(services: HttpServices, call: Call[wire.Empty, steering.EditRequest]) -> Answer:
    """Change a queued job that is as it was when its ETag was read.

    The body is a merge patch (RFC 7396), also as plain JSON: a payload keeps the members that are not named, and loses
    those that are `null`.
    """
    principal = call.principal
    job, _ = await find(services, principal, call.job_id)
    if not fits(call.headers, job.etag):
        raise stale()
    came = await services.edit(
        job, _edit(call.body, job), owner=principal.steers_only, reaches=principal.reaches, actor=witness(call)
    )
    return move_answer(principal, moved(came).job, "edited", 200)


@endpoint(
    "DELETE",
    PATH,
    access=any_of(Scope.ADMIN),
    answers={204: wire.Empty},
    problems=("invalid-transition",),
    tag="jobs",
)
async def delete_job(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Delete a job that has ended, with its attempts; what may still run is cancelled first."""
    principal, job_id = call.principal, call.job_id
    await confine(services, principal, job_id)
    answers = await services.manage.delete([job_id], actor=witness(call))
    moved(answers[job_id])
    return Answer(status=204)


def _edit(request: steering.EditRequest, job: Job) -> JobEdit:
    payload = wire.given(request.payload)
    return JobEdit(
        priority=wire.given(request.priority),
        queue=wire.given(request.queue),
        run_at=wire.given(request.run_at),
        max_retries=wire.given(request.max_retries),
        tags=None if (tags := wire.given(request.tags)) is None else tuple(tags),
        payload=None if payload is None else merge.merge(job.payload, bytes(payload)),
    )


ENDPOINTS = (run_job_now, edit_job, delete_job)
