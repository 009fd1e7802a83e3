"""POST /jobs/{id}/rerun: a new job like one that is there."""

from collections.abc import Sequence

from ...application.auditing import act_on_job
from ...application.enqueue import Report
from ...application.ports.jobs import Created, Enqueued
from ...application.ports.reads import DOCUMENTS
from ...domain.access import Scope
from ...domain.audit import Act, Actor
from ...domain.errors import InvalidJob
from . import idempotency, steering, wire
from .drafts import read_rerun, rerun_of
from .endpoint import Accepts, Answer, Call, endpoint
from .enqueue import REFUSALS, about_one, answer, refuse_conflict
from .job import PATH, STEER, find_steered, witness
from .services import HttpServices


@endpoint(
    "POST",
    f"{PATH}/rerun",
    access=STEER,
    body=Accepts(
        form=steering.RerunRequest,
        read=lambda raw, content_type: read_rerun(raw),  # noqa: ARG005 - some routes take two kinds
        optional=True,
        limit=lambda services: services.limits.single,
    ),
    answers={201: wire.EnqueueAnswer, 200: wire.EnqueueAnswer},
    problems=REFUSALS,
    tag="jobs",
)
async def rerun_job(services: HttpServices, call: Call[wire.Empty, steering.RerunRequest]) -> Answer:
    """Enqueue a copy of a job, whatever became of that one; the payload and other members may change.

    The new job is the same owner's, has this one as its parent, and is due now. It asks for the same unique key: while
    another job holds it, perhaps this very one, the answer is 409.
    """
    principal = call.principal
    job, now = await find_steered(services, principal, call.job_id)
    draft = rerun_of(call.body, job, now)

    # The payload may be the first job's, which who may only write has never seen.
    without = () if principal.may(Scope.JOBS_READ) else DOCUMENTS

    def write(enqueued: Sequence[Enqueued]) -> Answer:
        return answer(enqueued, without)

    try:
        return await idempotency.enqueue(
            services, call, [draft], write, refuse_conflict, owner=job.user_id, report=_report(witness(call))
        )
    except InvalidJob as invalid:
        raise about_one(invalid) from invalid


def _report(actor: Actor | None) -> Report:
    def report(enqueued: Sequence[Enqueued]) -> Sequence[Act]:
        made = [outcome.job for outcome in enqueued if isinstance(outcome, Created)]
        return [] if actor is None else [act_on_job(actor, "job.rerun", None, job) for job in made]

    return report


ENDPOINTS = (rerun_job,)
