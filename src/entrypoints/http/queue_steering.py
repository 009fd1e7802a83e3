"""One queue, steered: pause it, resume it, empty it."""

from ...application.bulk import BulkRequest
from ...domain.access import Scope
from ...domain.bulk_plan import BulkAction, BulkFilter
from ...domain.errors import InvalidPlan, Violation
from ...domain.status import JobStatus
from . import failure_wire, queue_wire, wire
from .bulk_operations import CREATED, REFUSALS, create
from .endpoint import NOTHING, Accepts, Answer, Call, any_of, endpoint
from .queues import ONE, SET, answer, named
from .services import HttpServices

PURGED = "the queue was purged"


@endpoint(
    "POST",
    f"{ONE}/pause",
    access=SET,
    body=Accepts(form=queue_wire.PauseRequest, optional=True),
    answers={200: failure_wire.QueueOut},
    problems=("invalid-queue",),
    tag="queues",
)
async def pause_queue(services: HttpServices, call: Call[wire.Empty, queue_wire.PauseRequest]) -> Answer:
    """Have no job of a queue start, known or new, until it is resumed or `until`; what runs goes on.

    It holds from the answer on, for every worker. To pause again changes reason and end.
    """
    body = call.body
    return answer(
        services, call, await services.queues.pause(named(call), call.actor, reason=body.reason, until=body.until)
    )


@endpoint(
    "POST", f"{ONE}/resume", access=SET, body=NOTHING, answers={200: failure_wire.QueueOut}, problems=(), tag="queues"
)
async def resume_queue(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Have the jobs of a queue start again, at once; a queue that does not pause stays as it is."""
    return answer(services, call, await services.queues.resume(named(call), call.actor))


@endpoint(
    "POST",
    f"{ONE}/purge",
    access=any_of(Scope.ADMIN),
    body=Accepts(form=queue_wire.PurgeRequest),
    answers=CREATED,
    problems=REFUSALS,
    tag="queues",
)
async def purge_queue(services: HttpServices, call: Call[wire.Empty, queue_wire.PurgeRequest]) -> Answer:
    """Cancel every job that waits in a queue now, by a bulk operation; what runs and what comes later stays."""
    name = named(call)
    if call.body.confirm != name:
        raise InvalidPlan((Violation("/confirm", "must be the name of the queue", "conflict"),))
    where = BulkFilter(
        statuses=(JobStatus.QUEUED,),
        queues=(name,),
        owner=call.principal.steers_only,
        queue_globs=tuple(sorted(call.principal.queue_globs)),
    )
    reason = call.body.reason or PURGED
    return await create(services, call, BulkRequest(action=BulkAction.CANCEL, where=where, reason=reason), None)


ENDPOINTS = (pause_queue, resume_queue, purge_queue)
