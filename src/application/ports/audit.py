"""The audit log: what people and keys did, written with what they did."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from ...domain.audit import Act, AuditEntry
from ...domain.ids import UUID


@attrs.frozen
class AuditFilter:
    """Which entries to look at; what is `None` does not narrow."""

    target_kind: str | None = None
    target_id: str | None = None
    action: str | None = None
    user_id: UUID | None = None


class AuditLog(Protocol):
    """The log, in a unit's transaction: an act and its entry are kept together or not at all."""

    async def record(self, acts: Sequence[Act]) -> None:
        """Write entries, in order, at the transaction's time; their facts are bounded by `domain.audit.bounded`."""
        ...

    async def page(
        self, where: AuditFilter, *, limit: int, after: UUID | None = None, oldest_first: bool = False
    ) -> Sequence[AuditEntry]:
        """Return at most `limit` entries behind the entry `after`, newest first unless told otherwise."""
        ...
