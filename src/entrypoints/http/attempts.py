"""GET /jobs/{id}/attempts: what became of each run of a job, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from ...application.ports.reads import Position
from ...domain.ids import JobId
from . import render, wire
from .cursors import Cursor, CursorSeal
from .endpoint import Answer, Call, endpoint
from .job import PATH, READ, find
from .services import HttpServices

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AttemptsQuery(msgspec.Struct):
    """How many attempts at a time, and from where on."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None


@endpoint(
    "GET",
    f"{PATH}/attempts",
    access=READ,
    query=AttemptsQuery,
    answers={200: wire.AttemptList},
    problems=("cursor-mismatch",),
    tag="jobs",
)
async def list_attempts(services: HttpServices, call: Call[AttemptsQuery, None]) -> Answer:
    """List the ended attempts of a job, oldest first, the successful one included.

    A page ends with the attempt whose error brings it to 8 MiB, and `has_more` tells of the rest.
    """
    job, now = await find(services, call.principal, call.job_id)
    seal = CursorSeal.bound(services.secret_keys, f"attempts of {job.id}", call.principal.sees_only)
    after = 0 if call.query.cursor is None else _token(seal.open(call.query.cursor))
    page = await services.reads.attempts(job.id, after=after, limit=call.query.limit)
    following = None if page.next is None else seal.seal(_cursor(job.id, page.next))
    items = [render.attempt(attempt) for attempt in page.items]
    return Answer.of(wire.AttemptList(items, following, following is not None, render.instant(now)))


def _cursor(job_id: JobId, token: int) -> Cursor:
    """Return a place in the order of lease tokens, written as a place in time: so many microseconds."""
    return Cursor(Position(_EPOCH + timedelta(microseconds=token), job_id))


def _token(cursor: Cursor) -> int:
    return (cursor.position.created_at - _EPOCH) // timedelta(microseconds=1)


ENDPOINTS = (list_attempts,)
