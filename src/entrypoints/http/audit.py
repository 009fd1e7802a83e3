"""GET /audit: what people and keys did, newest first."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ...application.ports.audit import AuditFilter
from ...application.ports.reads import Position
from ...domain.access import Scope
from ...domain.audit import AuditEntry
from ...domain.ids import KEY_BYTES
from . import bulk_render, bulk_wire, wire
from .cursors import CursorSeal
from .endpoint import API, Answer, Call, any_of, endpoint
from .named import query_id
from .paging import Window, backward, links
from .render import instant
from .services import HttpServices

PATH = f"{API}/audit"
Word = Annotated[str, Meta(min_length=1, max_length=KEY_BYTES)]


class AuditQuery(msgspec.Struct):
    """Which entries, how many, and behind which."""

    target_kind: Word | None = None
    target_id: Word | None = None
    action: Word | None = None
    user_id: Annotated[str, Meta(max_length=36)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=200)] | None = None


class AuditEntryOut(Struct, kw_only=True):
    """Who did what to what, and the facts that changed, before and after."""

    id: wire.Id
    at: wire.Instant
    actor: bulk_wire.ActorOut
    request_id: str | None
    action: str
    target_kind: str
    target_id: str
    before: dict[str, Any]
    after: dict[str, Any]


class AuditPage(Struct):
    """One page of entries, newest first; the cursors lead to the pages on either side, `null` where there is none."""

    items: list[AuditEntryOut]
    next_cursor: str | None
    prev_cursor: str | None
    has_more: bool


@endpoint(
    "GET",
    PATH,
    access=any_of(Scope.ADMIN),
    query=AuditQuery,
    answers={200: AuditPage},
    problems=("cursor-mismatch",),
    tag="audit",
)
async def list_audit_entries(services: HttpServices, call: Call[AuditQuery, None]) -> Answer:
    """List what people and keys did, newest first."""
    query = call.query
    where = AuditFilter(query.target_kind, query.target_id, query.action, query_id("user_id", query.user_id))
    narrowed = (query.target_kind, query.target_id, query.action, query.user_id and query.user_id.lower())
    seal = CursorSeal.bound(services.secret_keys, "audit", None, *([word or ""] for word in narrowed))
    cursor = None if query.cursor is None else seal.open(query.cursor)
    after = None if cursor is None else cursor.position.job_id
    async with services.units_of_work() as unit:
        found = await unit.audit.page(where, limit=query.limit + 1, after=after, oldest_first=backward(cursor))
    window = Window(found[: query.limit], len(found) > query.limit, _place, seal, cursor)
    onward, back = window.next_cursor, window.prev_cursor
    page = AuditPage([_entry(entry) for entry in window.items], onward, back, onward is not None)
    return Answer.of(page, headers=links(PATH, query, onward, back))


def _place(entry: AuditEntry) -> Position:
    return Position(entry.at, entry.id)


def _entry(entry: AuditEntry) -> AuditEntryOut:
    act = entry.act
    return AuditEntryOut(
        id=str(entry.id),
        at=instant(entry.at),
        actor=bulk_render.actor(act.actor),
        request_id=act.actor.request_id,
        action=act.action,
        target_kind=act.target_kind,
        target_id=act.target_id,
        before=dict(act.before),
        after=dict(act.after),
    )


ENDPOINTS = (list_audit_entries,)
