"""One transaction in memory, as a use case sees it."""

from datetime import datetime
from types import TracebackType
from typing import Self

import attrs

from ...application.ports.unit_of_work import UnitsOfWork
from .accounts import MemoryAccounts
from .api_keys import MemoryApiKeyRing
from .audit import MemoryAuditLog
from .bulk import MemoryBulkOperations, MemoryJobSelection
from .catalogue import MemoryTaskCatalogue
from .idempotency import MemoryIdempotencyKeys
from .jobs import MemoryJobRepository
from .people import MemoryPeople
from .queues import MemoryQueues
from .schedules import MemoryScheduleFires, MemorySchedules
from .sessions import MemoryLoginAttempts, MemorySessions
from .store import MemoryStore, Transaction


@attrs.frozen
class MemoryUnitOfWork:
    """A `UnitOfWork` over a store in memory."""

    _transaction: Transaction
    jobs: MemoryJobRepository
    idempotency: MemoryIdempotencyKeys
    catalogue: MemoryTaskCatalogue
    accounts: MemoryAccounts
    people: MemoryPeople
    api_keys: MemoryApiKeyRing
    sessions: MemorySessions
    logins: MemoryLoginAttempts
    audit: MemoryAuditLog
    queues: MemoryQueues
    bulk: MemoryBulkOperations
    selection: MemoryJobSelection
    schedules: MemorySchedules
    fires: MemoryScheduleFires

    async def now(self) -> datetime:
        """Return the time at which the transaction began."""
        return self._transaction.now

    async def commit(self) -> None:
        """Show the writes to everybody."""
        self._transaction.commit()

    async def __aenter__(self) -> Self:
        self._transaction.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transaction.__exit__(kind, error, trace)


def memory_units_of_work(store: MemoryStore) -> UnitsOfWork:
    """Return what opens units of work on `store`."""
    return lambda: unit_on(Transaction(store))


def unit_on(transaction: Transaction) -> MemoryUnitOfWork:
    """Return the unit of work that a transaction is."""
    return MemoryUnitOfWork(
        transaction,
        MemoryJobRepository(transaction),
        MemoryIdempotencyKeys(transaction),
        MemoryTaskCatalogue(transaction),
        MemoryAccounts(transaction),
        MemoryPeople(transaction),
        MemoryApiKeyRing(transaction),
        MemorySessions(transaction),
        MemoryLoginAttempts(transaction),
        MemoryAuditLog(transaction),
        MemoryQueues(transaction),
        MemoryBulkOperations(transaction),
        MemoryJobSelection(transaction),
        MemorySchedules(transaction),
        MemoryScheduleFires(transaction),
    )
