"""The keys of machines, as those who manage them see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from ...domain.ids import UUID, UserId
from .accounts import ApiKey


@attrs.frozen
class StoredKey:
    """A key as it is kept."""

    key: ApiKey
    created_at: datetime
    revision: int = 0

    @property
    def etag(self) -> str:
        """Return what changes whenever somebody changes the key; its use is no change."""
        return str(self.revision)


class ApiKeyRing(Protocol):
    """The keys, in a unit's transaction. With an `owner` the keys of others are not there."""

    async def add(self, key: ApiKey) -> StoredKey:
        """Store a new key."""
        ...

    async def find(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key."""
        ...

    async def hold(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key, and let nobody else change it before this unit ends."""
        ...

    async def put(self, key: ApiKey) -> StoredKey:
        """Store a held key's name, secrets, scopes, queues, expiry and whether it is revoked; the revision grows."""
        ...

    async def page(self, owner: UserId | None, *, limit: int, after: UUID | None = None) -> Sequence[StoredKey]:
        """Return at most `limit` keys by id, behind `after`; revoked ones too."""
        ...

    async def used(self, key_id: UUID, every: timedelta) -> None:
        """Remember that a key is used now, unless it was remembered less than `every` ago; never waits for others."""
        ...
