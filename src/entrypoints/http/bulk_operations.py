"""Changes of many jobs: preview, create, look at, abort and resume bulk operations; act on a group of dead letters."""

from collections.abc import Callable
from typing import Any

from ...application.bulk import BulkRequest
from ...application.enqueue import Replayed
from ...application.ports.reads import Position
from ...domain.access import Principal, Scope
from ...domain.bulk import BulkOperation
from ...domain.bulk_plan import BulkAction, BulkFilter
from ...domain.errors import BulkNotFound, InvalidPlan, QueueOutOfReach, Violation
from ...domain.ids import UUID
from . import bulk_render, bulk_wire, idempotency, wire
from .cursors import CursorSeal
from .endpoint import API, NOTHING, Accepts, Answer, Call, any_of, endpoint
from .filtering import read_text
from .paging import Window, backward, links
from .problems import Problem
from .services import HttpServices

PATH = f"{API}/bulk-operations"
ONE = f"{PATH}/{{operation_id:str}}"
GROUP = f"{API}/dead-letters/groups/{{fingerprint:str}}"
STEER = any_of(Scope.JOBS_ADMIN)
REMOVE = any_of(Scope.ADMIN)
CREATED: dict[int, Any] = {202: bulk_wire.BulkOperationOut}
REFUSALS = (
    "bad-filter",
    "invalid-plan",
    "empty-filter",
    "plan-changed",
    "queue-forbidden",
    "invalid-idempotency-key",
    "idempotency-in-flight",
    "idempotency-key-reused",
)


@endpoint(
    "POST",
    PATH,
    access=STEER,
    body=Accepts(form=bulk_wire.BulkOperationRequest),
    answers={200: bulk_wire.BulkPlanned, **CREATED},
    problems=REFUSALS,
    tag="bulk operations",
)
async def create_bulk_operation(
    services: HttpServices, call: Call[wire.Empty, bulk_wire.BulkOperationRequest]
) -> Answer:
    """Change many jobs: retry, cancel, delete, move or run now.

    With `dry_run` nothing is done: 200 with a capped count, the first of the jobs and a `plan_hash`. Without, and with
    that hash, 202 with the operation that does exactly what was previewed, and touches no job created later. Deleting
    needs the scope `admin`.
    """
    body = call.body
    request = _request(call.principal, body)
    if body.dry_run:
        return Answer.of(bulk_render.preview(await services.bulk.preview(request)))
    if body.plan_hash is None and not body.filter.ids:
        needed = Violation("/plan_hash", "is needed: preview with dry_run, and send what that gave", "required")
        raise InvalidPlan((needed,))
    return await create(services, call, request, body.plan_hash)


@endpoint(
    "GET",
    PATH,
    access=STEER,
    query=bulk_wire.OperationsQuery,
    answers={200: bulk_wire.BulkOperationList},
    problems=("cursor-mismatch",),
    tag="bulk operations",
)
async def list_bulk_operations(services: HttpServices, call: Call[bulk_wire.OperationsQuery, None]) -> Answer:
    """List bulk operations, newest first."""
    limit, globs = call.query.limit, call.principal.queue_globs
    seal = CursorSeal.bound(services.secret_keys, "bulk-operations", None, globs)
    cursor = None if call.query.cursor is None else seal.open(call.query.cursor)
    after = None if cursor is None else cursor.position.job_id
    found = await services.bulk_reads.page(limit=limit + 1, after=after, oldest_first=backward(cursor), globs=globs)
    window = Window(found[:limit], len(found) > limit, _place, seal, cursor)
    onward, back = window.next_cursor, window.prev_cursor
    shown = [bulk_render.operation(each) for each in window.items]
    page = bulk_wire.BulkOperationList(shown, onward, back, onward is not None)
    return Answer.of(page, headers=links(PATH, call.query, onward, back))


@endpoint("GET", ONE, access=STEER, answers={200: bulk_wire.BulkOperationOut}, tag="bulk operations")
async def get_bulk_operation(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Look at one bulk operation and how far it has come."""
    found = await services.bulk_reads.get(_named(call), call.principal.queue_globs)
    if found is None:
        raise BulkNotFound
    return Answer.of(bulk_render.operation(found))


@endpoint(
    "POST",
    f"{ONE}/abort",
    access=STEER,
    body=NOTHING,
    answers={200: bulk_wire.BulkOperationOut},
    problems=("invalid-transition",),
    tag="bulk operations",
)
async def abort_bulk_operation(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Stop a bulk operation: once this is answered, no further job is touched."""
    aborted = await services.bulk.abort(_named(call), call.actor, call.principal.queue_globs)
    return Answer.of(bulk_render.operation(aborted))


@endpoint(
    "POST",
    f"{ONE}/resume",
    access=STEER,
    body=NOTHING,
    answers=CREATED,
    problems=("invalid-transition",),
    tag="bulk operations",
)
async def resume_bulk_operation(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Go on with a bulk operation that was aborted or given up, where it stopped."""
    resumed = await services.bulk.resume(
        _named(call), call.actor, call.principal.queue_globs, _allowing(call.principal)
    )
    return _accepted(resumed)


@endpoint(
    "POST",
    f"{GROUP}/retry",
    access=STEER,
    body=NOTHING,
    answers=CREATED,
    problems=REFUSALS,
    tag="dead letters",
)
async def retry_dead_letters(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Retry every job that died of one cause, by a bulk operation."""
    return await _group(services, call, BulkAction.RETRY)


@endpoint(
    "POST",
    f"{GROUP}/delete",
    access=REMOVE,
    body=NOTHING,
    answers=CREATED,
    problems=REFUSALS,
    tag="dead letters",
)
async def delete_dead_letters(services: HttpServices, call: Call[wire.Empty, wire.Empty]) -> Answer:
    """Delete every job that died of one cause, by a bulk operation."""
    return await _group(services, call, BulkAction.DELETE)


def _place(operation: BulkOperation) -> Position:
    return Position(operation.created_at, operation.id)


async def _group(services: HttpServices, call: Call[Any, Any], action: BulkAction) -> Answer:
    selector = bulk_wire.JobSelector(fingerprint=[call.parameters["fingerprint"]])
    request = _request(call.principal, bulk_wire.BulkOperationRequest(action, selector))
    return await create(services, call, request, None)


async def create(services: HttpServices, call: Call[Any, Any], request: BulkRequest, plan_hash: str | None) -> Answer:
    """Create a bulk operation, once for each idempotency key, and answer with it."""
    key = idempotency.key_of(call)
    if key is None:
        return _accepted(await services.bulk.create(request, call.actor, plan_hash))
    outcome = await services.bulk.create_once(
        request, call.actor, plan_hash, key, lambda operation: idempotency.keep(_accepted(operation))
    )
    return idempotency.again(outcome.answer) if isinstance(outcome, Replayed) else _accepted(outcome)


def _accepted(operation: BulkOperation) -> Answer:
    return Answer.of(bulk_render.operation(operation), 202, {"Location": f"{PATH}/{operation.id}"})


def _request(principal: Principal, body: bulk_wire.BulkOperationRequest) -> BulkRequest:
    """Return what is asked, confined to what the caller may reach."""
    _check(principal, body.action)
    if body.queue is not None and not principal.reaches(body.queue):
        raise QueueOutOfReach(body.queue)
    said = body.filter
    where = BulkFilter(
        job_ids=tuple(said.ids),
        statuses=tuple(said.status),
        queues=tuple(said.queue),
        tasks=tuple(said.task),
        tags=tuple(said.tag),
        fingerprints=tuple(said.fingerprint),
        created_after=said.created_after,
        created_before=said.created_before,
        owner=principal.steers_only,
        queue_globs=tuple(sorted(principal.queue_globs)),
        condition=read_text(said.q, pointer="/filter/q"),
    )
    return BulkRequest(action=body.action, where=where, queue=body.queue, reason=body.reason)


def _check(principal: Principal, action: BulkAction) -> None:
    if action is BulkAction.DELETE and not principal.may(Scope.ADMIN):
        raise Problem("forbidden", "To delete jobs needs the scope admin, allowed to both the key and its owner.")


def _allowing(principal: Principal) -> Callable[[BulkOperation], None]:
    return lambda operation: _check(principal, operation.plan.action)


def _named(call: Call[Any, Any]) -> UUID:
    return _id(call.parameters["operation_id"])


def _id(text: str) -> UUID:
    """Return the operation that a text names; what is no canonical UUID names none."""
    try:
        found = UUID(text)
    except ValueError:
        raise BulkNotFound from None
    if str(found) != text.lower():
        raise BulkNotFound
    return found


ENDPOINTS = (
    create_bulk_operation,
    list_bulk_operations,
    get_bulk_operation,
    abort_bulk_operation,
    resume_bulk_operation,
    retry_dead_letters,
    delete_dead_letters,
)
