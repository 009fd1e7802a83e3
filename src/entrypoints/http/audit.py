"""GET /audit: what people and keys did, newest first."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ...application.ports.audit import AuditFilter
from ...domain.access import Scope
from ...domain.audit import AuditEntry
from ...domain.ids import KEY_BYTES, UUID
from . import bulk_render, bulk_wire, wire
from .endpoint import API, Answer, Call, any_of, endpoint
from .problems import Problem
from .render import instant
from .services import HttpServices

Word = Annotated[str, Meta(min_length=1, max_length=KEY_BYTES)]


class AuditQuery(msgspec.Struct):
    """Which entries, how many, and behind which."""

    target_kind: Word | None = None
    target_id: Word | None = None
    action: Word | None = None
    user_id: Annotated[str, Meta(max_length=36)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    before: Annotated[str, Meta(max_length=36, description="the id of the last entry of the page before")] | None = None


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
    """One page of entries, newest first; `next_before` leads to the next page."""

    items: list[AuditEntryOut]
    has_more: bool
    next_before: wire.Id | None


@endpoint(
    "GET",
    f"{API}/audit",
    access=any_of(Scope.ADMIN),
    query=AuditQuery,
    answers={200: AuditPage},
    tag="audit",
)
async def list_audit_entries(services: HttpServices, call: Call[AuditQuery, None]) -> Answer:
    """List what people and keys did, newest first."""
    query = call.query
    user_id, before = _id("user_id", query.user_id), _id("before", query.before)
    where = AuditFilter(query.target_kind, query.target_id, query.action, user_id)
    async with services.units_of_work() as unit:
        found = await unit.audit.page(where, limit=query.limit + 1, before=before)
    shown = [_entry(entry) for entry in found[: query.limit]]
    more = len(found) > query.limit
    return Answer.of(AuditPage(shown, more, shown[-1].id if more else None))


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


def _id(name: str, text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        field = wire.FieldProblem(detail="must be a UUID", code="invalid", parameter=name)
        raise Problem("invalid-parameter", f"The parameter '{name}' must be a UUID.", errors=(field,)) from None


ENDPOINTS = (list_audit_entries,)
