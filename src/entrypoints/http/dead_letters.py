"""Dead letters by what killed them, and the waits that a retry policy makes."""

from typing import Annotated

import msgspec

from ...application.ports.dead_letters import DeadLetterGroup, GroupFilter, GroupPosition
from ...application.ports.reads import Position
from ...domain.access import Scope
from ...domain.errors import InvalidJob
from ...domain.retry import DEFAULT_BACKOFF, preview
from ...domain.spec import backoff_violations
from . import failure_wire, render, wire
from .cursors import CursorSeal
from .drafts import backoff_of
from .endpoint import API, SIGNED_IN, Accepts, Answer, Call, any_of, endpoint
from .paging import Window, backward, links
from .services import HttpServices

PATH = f"{API}/dead-letters/groups"


class GroupsQuery(msgspec.Struct):
    """Of which queues and tasks, and how many groups at a time."""

    queue: tuple[wire.Name, ...] = ()
    task: tuple[wire.Name, ...] = ()
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None


@endpoint(
    "GET",
    PATH,
    access=any_of(Scope.JOBS_READ),
    query=GroupsQuery,
    answers={200: failure_wire.GroupList},
    problems=("cursor-mismatch",),
    tag="dead letters",
)
async def list_dead_letter_groups(services: HttpServices, call: Call[GroupsQuery, None]) -> Answer:
    """List dead jobs grouped by what killed them, those with the latest death first.

    The counts are exact. A group whose jobs die while you walk moves to the front, so a walk may miss it; what did not
    move is seen exactly once.
    """
    query, principal = call.query, call.principal
    where = GroupFilter(principal.sees_only, query.queue, query.task, principal.queue_globs)
    narrowed = (where.queues, where.tasks, where.queue_globs)
    seal = CursorSeal.bound(services.secret_keys, "dead-letter-groups", where.owner, *narrowed)
    cursor = None if query.cursor is None else seal.open(query.cursor)
    after = None if cursor is None else GroupPosition(cursor.position.created_at, cursor.position.job_id)
    found = await services.dead_letters.groups(where, limit=query.limit + 1, after=after, oldest_first=backward(cursor))
    window = Window(found[: query.limit], len(found) > query.limit, _position, seal, cursor)
    onward, back = window.next_cursor, window.prev_cursor
    answer = failure_wire.GroupList([shown(each) for each in window.items], onward, back, onward is not None)
    return Answer.of(answer, headers=links(PATH, query, onward, back))


@endpoint(
    "POST",
    f"{API}/backoff/preview",
    access=SIGNED_IN,
    body=Accepts(form=failure_wire.PreviewRequest),
    answers={200: failure_wire.PreviewAnswer},
    problems=("invalid-job",),
    tag="dead letters",
)
async def preview_backoff(
    services: HttpServices,  # noqa: ARG001 - one shape for all routes
    call: Call[wire.Empty, failure_wire.PreviewRequest],
) -> Answer:
    """Tell how long a job with this retry policy waits before each retry that is left to it."""
    backoff = backoff_of(call.body.backoff) or DEFAULT_BACKOFF
    violations = tuple(backoff_violations("/backoff", backoff))
    if violations:
        raise InvalidJob(violations)
    waits = preview(backoff, call.body.max_retries, used=call.body.retry_count)
    told = [
        failure_wire.WaitOut(
            wait.retry, wait.shortest.total_seconds(), wait.longest.total_seconds(), wait.total.total_seconds()
        )
        for wait in waits
    ]
    return Answer.of(failure_wire.PreviewAnswer(told))


def _position(group: DeadLetterGroup) -> Position:
    return Position(group.position.last_seen, group.position.hashed)


def shown(group: DeadLetterGroup) -> failure_wire.GroupOut:
    """Return a group as it crosses the wire."""
    return failure_wire.GroupOut(
        group.fingerprint,
        group.jobs,
        group.crashes,
        group.type,
        group.message,
        list(group.queues),
        list(group.tasks),
        render.instant(group.first_seen),
        render.instant(group.last_seen),
        str(group.example),
    )


ENDPOINTS = (list_dead_letter_groups, preview_backoff)
