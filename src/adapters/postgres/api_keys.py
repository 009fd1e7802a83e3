"""The keys of machines, in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.accounts import ApiKey
from ...application.ports.api_keys import StoredKey
from ...domain.ids import UUID, UserId
from .accounts import PostgresAccounts, key_of
from .errors import translated
from .models import ApiKeyRow, UserRow
from .rows import utc

_FRESH = {"populate_existing": True}


@attrs.frozen
class PostgresApiKeyRing:
    """An `ApiKeyRing` in a session's transaction."""

    _session: AsyncSession

    async def add(self, key: ApiKey) -> StoredKey:
        """Store a new key."""
        await PostgresAccounts(self._session).add_key(key)
        return await self._stored(key.id)

    async def find(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key, if it is the owner's."""
        return await self._find(_keys(owner).where(ApiKeyRow.id == key_id))

    async def hold(self, key_id: UUID, owner: UserId | None = None) -> StoredKey | None:
        """Return a key, and let nobody else change it."""
        return await self._find(_keys(owner).where(ApiKeyRow.id == key_id).with_for_update(of=ApiKeyRow))

    async def put(self, key: ApiKey) -> StoredKey:
        """Store a held key; when it was used last is not the holder's to say."""
        changes: dict[str, Any] = {
            "name": key.name,
            "secret_hash": key.secret_hash,
            "scopes": sorted(key.scopes),
            "queue_globs": list(key.queue_globs),
            "expires_at": key.expires_at,
            "revoked_at": func.coalesce(ApiKeyRow.revoked_at, func.now()) if key.revoked else None,
            "former_hash": None if key.former is None else key.former.secret_hash,
            "former_until": None if key.former is None else key.former.until,
            "revision": ApiKeyRow.revision + 1,
        }
        with translated():
            await self._session.execute(
                update(ApiKeyRow)
                .where(ApiKeyRow.id == key.id)
                .values(**changes)
                .execution_options(synchronize_session=False)
            )
        return await self._stored(key.id)

    async def page(self, owner: UserId | None, *, limit: int, after: UUID | None = None) -> Sequence[StoredKey]:
        """Return at most `limit` keys by id."""
        asked = _keys(owner).order_by(ApiKeyRow.id).limit(limit)
        with translated():
            rows = await self._session.execute(asked if after is None else asked.where(ApiKeyRow.id > after))
        return [_key(*row) for row in rows]

    async def used(self, key_id: UUID, every: timedelta) -> None:
        """Remember that a key is used now; a row that somebody else holds is left alone."""
        stale = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at <= func.now() - every)
        free = select(ApiKeyRow.id).where(ApiKeyRow.id == key_id, stale).with_for_update(skip_locked=True)
        noting = update(ApiKeyRow).where(ApiKeyRow.id == free.scalar_subquery()).values(last_used_at=func.now())
        with translated():
            await self._session.execute(noting.execution_options(synchronize_session=False))

    async def _find(self, asked: Select[ApiKeyRow, UserRow]) -> StoredKey | None:
        with translated():
            found = (await self._session.execute(asked, execution_options=_FRESH)).one_or_none()
        return None if found is None else _key(*found)

    async def _stored(self, key_id: UUID) -> StoredKey:
        stored = await self.find(key_id)
        if stored is None:
            raise LookupError(f"key {key_id} is gone although nobody deletes keys")
        return stored


def _keys(owner: UserId | None) -> Select[ApiKeyRow, UserRow]:
    every = select(ApiKeyRow, UserRow).join(UserRow, UserRow.id == ApiKeyRow.user_id)
    return every if owner is None else every.where(ApiKeyRow.user_id == owner)


def _key(row: ApiKeyRow, owner: UserRow) -> StoredKey:
    return StoredKey(key_of(row, owner), utc(row.created_at), row.revision)
