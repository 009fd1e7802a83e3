"""Dead letters by what killed them, and the waits that a retry policy makes."""

import hashlib
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from ...application.ports.dead_letters import DeadLetterGroup, GroupFilter, GroupPosition
from ...application.ports.reads import Position
from ...domain.access import Scope
from ...domain.errors import InvalidJob, Violation
from ...domain.retry import DEFAULT_BACKOFF, backoff_problems, preview
from . import failure_wire, render, wire
from .cursors import Cursor, CursorSeal
from .drafts import backoff_of
from .endpoint import API, SIGNED_IN, Accepts, Answer, Call, any_of, endpoint
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
    seal = _seal(services.secret_keys, where)
    cursor = None if query.cursor is None else seal.open(query.cursor)
    backward = cursor is not None and cursor.backward
    after = None if cursor is None else GroupPosition(cursor.position.created_at, cursor.position.job_id)
    found = await services.dead_letters.groups(where, limit=query.limit + 1, after=after, oldest_first=backward)
    groups = list(found[: query.limit])
    more = len(found) > len(groups)
    if backward:
        groups.reverse()
    onward = _cursor(groups[-1], seal) if groups and (more or backward) else None
    back = _cursor(groups[0], seal, backward=True) if groups and (more if backward else cursor is not None) else None
    answer = failure_wire.GroupList([_group(each) for each in groups], onward, back, onward is not None)
    return Answer.of(answer, headers=_links(query, answer))


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
    problems = backoff_problems(backoff)
    if problems:
        raise InvalidJob(tuple(Violation(_pointer(field), problem, "range") for field, problem in problems))
    waits = preview(backoff, call.body.max_retries, used=call.body.retry_count)
    told = [
        failure_wire.WaitOut(
            wait.retry, wait.shortest.total_seconds(), wait.longest.total_seconds(), wait.total.total_seconds()
        )
        for wait in waits
    ]
    return Answer.of(failure_wire.PreviewAnswer(told))


def _pointer(field: str) -> str:
    return f"/backoff/{field}{'' if field in ('factor', 'jitter') else '_s'}"


def _seal(keys: Sequence[bytes], where: GroupFilter) -> CursorSeal:
    narrowed = (where.queues, where.tasks, where.queue_globs)
    said = ["dead-letter-groups", str(where.owner), *(sorted(part) for part in narrowed)]
    return CursorSeal(keys, hashlib.sha256(wire.encode(said)).digest())


def _cursor(group: DeadLetterGroup, seal: CursorSeal, *, backward: bool = False) -> str:
    place = group.position
    return seal.seal(Cursor(Position(place.last_seen, place.hashed), backward=backward))


def _group(group: DeadLetterGroup) -> failure_wire.GroupOut:
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


def _links(query: GroupsQuery, answer: failure_wire.GroupList) -> dict[str, str]:
    told = msgspec.structs.asdict(msgspec.structs.replace(query, cursor=None))
    same = {name: value for name, value in told.items() if value not in ((), None)}
    links = [
        f'<{PATH}?{urlencode({**same, "cursor": cursor}, doseq=True)}>; rel="{rel}"'
        for rel, cursor in (("next", answer.next_cursor), ("prev", answer.prev_cursor))
        if cursor
    ]
    return {"Link": ", ".join(links)} if links else {}


ENDPOINTS = (list_dead_letter_groups, preview_backoff)
