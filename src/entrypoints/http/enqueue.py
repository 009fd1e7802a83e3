"""POST /jobs: one job in."""

from collections.abc import Collection, Sequence
from typing import assert_never

import attrs

from ...application.enqueue import Draft
from ...application.ports.jobs import Created, Enqueued, Existing, Rejected
from ...domain.access import Scope
from ...domain.errors import InvalidJob, UniqueConflict
from . import idempotency, render, wire
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
)
async def enqueue_job(services: HttpServices, call: Call[wire.Empty, Draft]) -> Answer:
    """Enqueue one job.

    201 with its place in `Location`; 200 with the existing job if another holds the unique key. A repeated
    `Idempotency-Key` gets the first answer again, with `Idempotency-Replayed: true`.
    """
    try:
        return await idempotency.enqueue(services, call, [call.body], answer, refuse_conflict)
    except InvalidJob as invalid:
        raise about_one(invalid) from invalid


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
