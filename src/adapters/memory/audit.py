"""The audit log in memory."""

from collections.abc import Sequence

import attrs

from ...application.ports.audit import AuditFilter
from ...domain.audit import Act, AuditEntry, bounded
from ...domain.ids import UUID
from .paging import behind
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

    async def page(
        self, where: AuditFilter, *, limit: int, after: UUID | None = None, oldest_first: bool = False
    ) -> Sequence[AuditEntry]:
        """Return at most `limit` entries behind the entry `after`."""
        log = self._transaction.audit
        entries = [log[entry_id] for entry_id in behind(log, after, oldest_first=oldest_first)]
        return [entry for entry in entries if _matches(entry.act, where)][:limit]


def _matches(act: Act, where: AuditFilter) -> bool:
    asked = (
        (where.target_kind, act.target_kind),
        (where.target_id, act.target_id),
        (where.action, act.action),
        (where.user_id, act.actor.user_id),
    )
    return all(wanted is None or wanted == told for wanted, told in asked)
