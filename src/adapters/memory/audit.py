"""The audit log in memory."""

from collections.abc import Sequence

import attrs

from ...application.ports.audit import AuditFilter
from ...domain.audit import Act, AuditEntry, bounded
from ...domain.ids import UUID
from .store import Transaction


@attrs.frozen
class MemoryAuditLog:
    """An `AuditLog` on a transaction in memory."""

    _transaction: Transaction

    async def record(self, acts: Sequence[Act]) -> None:
        """Write entries at the transaction's time."""
        for act in acts:
            kept = attrs.evolve(act, before=bounded(act.before), after=bounded(act.after))
            entry = AuditEntry(id=self._transaction.store.ids.new(), at=self._transaction.now, act=kept)
            self._transaction.audit[entry.id] = entry

    async def page(self, where: AuditFilter, *, limit: int, before: UUID | None = None) -> Sequence[AuditEntry]:
        """Return at most `limit` entries, newest first."""
        newest_first = sorted(self._transaction.audit.values(), key=lambda entry: entry.id, reverse=True)
        found = [entry for entry in newest_first if _matches(entry.act, where) and (not before or entry.id < before)]
        return found[:limit]


def _matches(act: Act, where: AuditFilter) -> bool:
    asked = (
        (where.target_kind, act.target_kind),
        (where.target_id, act.target_id),
        (where.action, act.action),
        (where.user_id, act.actor.user_id),
    )
    return all(wanted is None or wanted == told for wanted, told in asked)
