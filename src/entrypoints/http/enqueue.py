"""POST /jobs: one job in."""

from collections.abc import Collection, Sequence
from typing import assert_never

import attrs

from ...application.enqueue import Draft, Replayed
from ...application.intake import Asked
from ...application.ports.jobs import Created, Enqueued, Existing, Rejected
from ...domain.access import Scope
from ...domain.errors import InvalidJob, Unavailable, UniqueConflict
from ...domain.ids import Json
from . import idempotency, prefer, render, wire
from .drafts import read_job
from .endpoint import API, Accepts, Answer, Call, any_of, endpoint
from .services import HttpServices

REFUSALS = (
    "invalid-json",
    "nul-not-allowed",
    "too-deep",
    "invalid-body",
    "invalid-job",
    "invalid-idempotency-key",
    "queue-forbidden",
    "unique-conflict",
    "idempotency-in-flight",
    "payload-too-large",
    "payload-invalid",
    "unknown-task",
    "idempotency-key-reused",
    "queue-full",
)

ONE_JOB = Accepts(
    form=wire.JobRequest,
    read=lambda raw, content_type: read_job(raw),  # noqa: ARG005 - some routes take two kinds
    limit=lambda services: services.limits.single,
)


@endpoint(
    "POST",
    f"{API}/jobs",
    access=any_of(Scope.JOBS_WRITE),
    body=ONE_JOB,
    answers={201: wire.EnqueueAnswer, 200: wire.EnqueueAnswer},
    problems=REFUSALS,
    tag="jobs",
    waits=True,
)
async def enqueue_job(services: HttpServices, call: Call[wire.Empty, Draft]) -> Answer:
    """Enqueue one job.

    201 with its place in `Location`; 200 with the existing job if another holds the unique key. A repeated
    `Idempotency-Key` gets the first answer again, with `Idempotency-Replayed: true`. With `Prefer: wait=N` the answer
    comes once the job has ended, after N seconds (55 at most) in any case, and shows the job as it is then.
    """
    caller, (draft,) = call.principal, idempotency.traced([call.body], call.headers, services.tracing)
    key = idempotency.key_of(call)
    asked = Asked(draft, caller.user_id, caller.reaches, refuse_conflict, key, _written)
    try:
        outcome = await services.enqueue_one(asked)
    except InvalidJob as invalid:
        raise about_one(invalid) from invalid
    if isinstance(outcome, Replayed):
        return idempotency.again(outcome.answer)
    return await _patiently(services, call, outcome)


def _written(enqueued: Sequence[Enqueued]) -> Json:
    return idempotency.keep(answer(enqueued))


async def _patiently(services: HttpServices, call: Call[wire.Empty, Draft], outcome: Enqueued) -> Answer:
    """Return the answer, once the job has ended if the caller is ready to wait."""
    wait = prefer.wait_of(call.headers)
    if wait is None or isinstance(outcome, Rejected):
        return answer([outcome])
    try:
        await prefer.until_ended(services, call, outcome.job.id, wait)
        found = await services.reads.get(outcome.job.id, outcome.job.user_id)
    except Unavailable:
        found = None  # the job is stored, and that is the answer
    return wait.applied(answer([outcome if found is None else attrs.evolve(outcome, job=found[0])]))


def answer(enqueued: Sequence[Enqueued], without: Collection[str] = ()) -> Answer:
    """Return the answer to the enqueue of one job; documents named in `without` are left out of it."""
    (outcome,) = enqueued
    match outcome:
        case Created(job):
            location = {"Location": f"{API}/jobs/{job.id}"}
            return Answer.of(wire.EnqueueAnswer("created", render.job(job, without=without)), 201, location)
        case Existing(job):
            return Answer.of(wire.EnqueueAnswer("existing", render.job(job, without=without)))
        case Rejected(existing_job_id):
            raise UniqueConflict(existing_job_id)
        case _:
            assert_never(outcome)


def refuse_conflict(enqueued: Sequence[Enqueued]) -> None:
    """Raise `UniqueConflict` if another job stood in the way."""
    for outcome in enqueued:
        if isinstance(outcome, Rejected):
            raise UniqueConflict(outcome.existing_job_id)


def about_one(invalid: InvalidJob) -> InvalidJob:
    """Return the same error with pointers into the one job that was sent, not into a list of it."""
    return type(invalid)(
        tuple(attrs.evolve(violation, pointer=violation.pointer.removeprefix("/0")) for violation in invalid.violations)
    )


ENDPOINTS = (enqueue_job,)
