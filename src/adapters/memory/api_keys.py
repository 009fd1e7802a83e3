"""The keys of machines, in memory."""

from collections.abc import Sequence
from datetime import timedelta

import attrs

from ...application.ports.accounts import ApiKey
from ...application.ports.api_keys import StoredKey
from ...domain.ids import UUID, UserId
from .store import Stamp, Transaction


@attrs.frozen
class MemoryApiKeyRing:
    """An `ApiKeyRing` on a transaction in memory."""

    _transaction: Transaction

    async def add(self, key: ApiKey) -> StoredKey:
        """Store a new key."""
        self._transaction.keys[key.id] = key
        self._transaction.stamps[key.id] = Stamp(self._transaction.now)
        return self._stored(key)

    async def find(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key, if it is the owner's."""
        found = self._transaction.keys.get(key_id)
        return None if found is None or owner not in (None, found.user.id) else self._stored(found)

    async def hold(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key, and let nobody else change it."""
        await self._transaction.hold([("api key", key_id)])
        return await self.find(key_id, owner)

    async def put(self, key: ApiKey) -> StoredKey:
        """Store a held key; when it was used last is not the holder's to say."""
        before = self._transaction.stamps[key.id]
        last_used_at = self._transaction.keys[key.id].last_used_at
        self._transaction.keys[key.id] = attrs.evolve(key, last_used_at=last_used_at)
        self._transaction.stamps[key.id] = Stamp(before.created_at, before.revision + 1)
        return self._stored(self._transaction.keys[key.id])

    async def page(self, owner: UserId | None, *, limit: int, after: UUID | None = None) -> Sequence[StoredKey]:
        """Return at most `limit` keys by id."""
        found = sorted(self._transaction.keys.values(), key=lambda key: key.id)
        seen = [key for key in found if owner in (None, key.user.id) and (after is None or key.id > after)]
        return [self._stored(key) for key in seen[:limit]]

    async def used(self, key_id: UUID, every: timedelta) -> None:
        """Remember that a key is used now."""
        now, key = self._transaction.now, self._transaction.keys[key_id]
        held = not self._transaction.try_hold(("api key", key_id))
        if not held and (key.last_used_at is None or key.last_used_at + every <= now):
            self._transaction.keys[key_id] = attrs.evolve(key, last_used_at=now)

    def _stored(self, key: ApiKey) -> StoredKey:
        stamp = self._transaction.stamps[key.id]
        owner = self._transaction.users[key.user.id]
        return StoredKey(attrs.evolve(key, user=owner), stamp.created_at, stamp.revision)
