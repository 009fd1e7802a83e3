"""People and their keys, in PostgreSQL."""

import attrs
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.accounts import ApiKey, FormerSecret, User
from ...domain.access import Role, Scope
from ...domain.ids import UUID
from .errors import translated
from .models import ApiKeyRow, UserRow
from .rows import maybe_utc, utc

_EMAIL = func.lower(UserRow.email)


@attrs.frozen
class PostgresAccounts:
    """An `Accounts` in a session's transaction."""

    _session: AsyncSession

    async def add_user(self, user: User) -> User:
        """Store a new person, or return the one who has that e-mail."""
        facts = {"id": user.id, "email": user.email, "role": user.role}
        disabled_at = func.now() if user.disabled else None
        adding = (
            insert(UserRow).values(**facts, disabled_at=disabled_at).on_conflict_do_nothing(index_elements=[_EMAIL])
        )
        with translated():
            while (known := await self.find_user(user.email)) is None:
                await self._session.execute(adding)
        return known

    async def find_user(self, email: str) -> User | None:
        """Return the person with this e-mail, whatever its case."""
        return await self._find(func.lower(email) == _EMAIL)

    async def add_key(self, key: ApiKey) -> None:
        """Store a new key."""
        row = ApiKeyRow(
            id=key.id,
            user_id=key.user.id,
            name=key.name,
            secret_hash=key.secret_hash,
            scopes=sorted(key.scopes),
            queue_globs=list(key.queue_globs),
            expires_at=key.expires_at,
            revoked_at=func.now() if key.revoked else None,
        )
        with translated():
            self._session.add(row)
            await self._session.flush()

    async def find_key(self, key_id: UUID) -> ApiKey | None:
        """Return a key with its owner as the owner is now."""
        asked = select(ApiKeyRow, UserRow).join(UserRow, UserRow.id == ApiKeyRow.user_id).where(ApiKeyRow.id == key_id)
        with translated():
            found = (await self._session.execute(asked)).one_or_none()
        return None if found is None else key_of(*found)

    async def _find(self, where: ColumnElement[bool]) -> User | None:
        with translated():
            row = (await self._session.execute(select(UserRow).where(where))).scalar_one_or_none()
        return None if row is None else user_of(row)


def user_of(row: UserRow) -> User:
    """Return the person in a row."""
    return User(row.id, row.email, Role(row.role), disabled=row.disabled_at is not None)


def key_of(row: ApiKeyRow, owner: UserRow) -> ApiKey:
    """Return the key in a row, with its owner."""
    former = None
    if row.former_hash is not None and row.former_until is not None:
        former = FormerSecret(row.former_hash, utc(row.former_until))
    return ApiKey(
        row.id,
        user_of(owner),
        row.name,
        row.secret_hash,
        frozenset(map(Scope, row.scopes)),
        tuple(row.queue_globs),
        maybe_utc(row.expires_at),
        revoked=row.revoked_at is not None,
        former=former,
        last_used_at=maybe_utc(row.last_used_at),
    )
