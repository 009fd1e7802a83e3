"""Taking in jobs in memory."""

from collections.abc import Collection, Mapping, Sequence

import attrs

from ...application.ports.catalogue import TaskDeclaration
from ...application.ports.idempotency import Fresh
from ...application.ports.intake import Entry, Keeping
from ...application.ports.jobs import Created
from ...domain.errors import IdempotencyInFlight, IdempotencyKeyReused
from .catalogue import MemoryTaskCatalogue
from .idempotency import MemoryIdempotencyKeys
from .jobs import MemoryJobRepository
from .store import MemoryStore, Transaction


@attrs.frozen
class MemoryIntake:
    """An `Intake` in memory."""

    _store: MemoryStore

    async def declared(self, tasks: Collection[str]) -> Mapping[str, TaskDeclaration]:
        """Return the declarations of these tasks."""
        with Transaction(self._store) as transaction:
            return await MemoryTaskCatalogue(transaction).find(tasks)

    async def take(self, entries: Sequence[Entry]) -> Sequence[Created | None]:
        """Store the jobs that nothing stands in the way of."""
        with Transaction(self._store) as transaction:
            keys = MemoryIdempotencyKeys(transaction)
            free = [entry for entry in entries if entry.keeping is None or await _is_free(keys, entry.keeping)]
            told = await MemoryJobRepository(transaction).add([entry.birth for entry in free])
            created = {answer.job.id: answer for answer in told if isinstance(answer, Created)}
            for entry in free:
                stored = created.get(entry.birth.job_id)
                if entry.keeping is not None and stored is not None:
                    await keys.remember(entry.keeping.key, entry.keeping.write(stored))
            transaction.commit()
        return [created.get(entry.birth.job_id) for entry in entries]


async def _is_free(keys: MemoryIdempotencyKeys, keeping: Keeping) -> bool:
    try:
        return isinstance(await keys.reserve(keeping.key), Fresh)
    except (IdempotencyInFlight, IdempotencyKeyReused):
        return False
