"""Transactions of handlers, in memory."""

from datetime import timedelta

import attrs

from ...application.ports.jobs import SettleAnswer, Settled
from ...domain.settlement import Settlement
from .leases import settle_in
from .store import MemoryStore, Transaction
from .unit_of_work import MemoryUnitOfWork, unit_on


@attrs.define(eq=False)
class MemoryOpenTransaction:
    """An `OpenTransaction` in memory; the handler writes with a unit of work."""

    _transaction: Transaction

    @property
    def connection(self) -> MemoryUnitOfWork:
        """What the handler writes with."""
        return unit_on(self._transaction)

    async def settle(self, settlement: Settlement) -> Settled:
        """Write how the attempt ended with all that the handler wrote, or undo it all."""
        with self._transaction as transaction:
            (told,) = await settle_in(transaction, [settlement])
            if told.answer is SettleAnswer.APPLIED:
                transaction.commit()
        return told

    async def roll_back(self) -> None:
        """Undo all that the handler wrote."""
        self._transaction.__exit__()


@attrs.frozen
class MemoryTransactions:
    """`Transactions` over a store."""

    _store: MemoryStore

    async def begin(self, limit: timedelta) -> MemoryOpenTransaction:  # noqa: ARG002 - nothing idles in memory
        """Open a transaction."""
        return MemoryOpenTransaction(Transaction(self._store))
