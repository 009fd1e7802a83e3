"""The audit log in PostgreSQL."""

import json
from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.audit import AuditFilter
from ...domain.audit import Act, Actor, AuditEntry, Facts, bounded
from ...domain.ids import UUID
from .errors import translated
from .rows import utc
from .steering_models import AuditRow


@attrs.frozen
class PostgresAuditLog:
    """An `AuditLog` in a session's transaction; the database gives each entry its id and time."""

    _session: AsyncSession

    async def record(self, acts: Sequence[Act]) -> None:
        """Write entries at the transaction's time, in order: later ids sort later."""
        with translated():
            for act in acts:
                await self._session.execute(insert(AuditRow).values(**_columns(act)))

    async def page(
        self, where: AuditFilter, *, limit: int, after: UUID | None = None, oldest_first: bool = False
    ) -> Sequence[AuditEntry]:
        """Return at most `limit` entries behind the entry `after`."""
        asked = select(AuditRow).order_by(AuditRow.id if oldest_first else AuditRow.id.desc()).limit(limit)
        wanted: tuple[tuple[Any, Any], ...] = (
            (AuditRow.target_kind, where.target_kind),
            (AuditRow.target_id, where.target_id),
            (AuditRow.action, where.action),
            (AuditRow.user_id, where.user_id),
        )
        for column, value in wanted:
            asked = asked if value is None else asked.where(column == value)
        if after is not None:
            asked = asked.where(AuditRow.id > after if oldest_first else AuditRow.id < after)
        with translated():
            rows = (await self._session.scalars(asked)).all()
        return [_entry(row) for row in rows]


def _columns(act: Act) -> dict[str, Any]:
    return {
        "actor": act.actor.kind,
        "user_id": act.actor.user_id,
        "key_id": act.actor.key_id,
        "request_id": act.actor.request_id,
        "action": act.action,
        "target_kind": act.target_kind,
        "target_id": act.target_id,
        "before": _document(act.before),
        "after": _document(act.after),
    }


def _document(facts: Facts) -> bytes:
    return json.dumps(bounded(facts), ensure_ascii=False).encode()


def _entry(row: AuditRow) -> AuditEntry:
    act = Act(
        actor=Actor(row.user_id, row.key_id, row.request_id),
        action=row.action,
        target_kind=row.target_kind,
        target_id=row.target_id,
        before=json.loads(row.before),
        after=json.loads(row.after),
    )
    return AuditEntry(id=row.id, at=utc(row.at), act=act)
