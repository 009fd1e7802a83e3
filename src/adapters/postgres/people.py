"""People with their passwords, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import attrs
from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.accounts import User
from ...application.ports.people import Person
from ...domain.access import Role
from ...domain.ids import UUID, UserId
from .accounts import user_of
from .errors import translated
from .models import UserRow
from .rows import utc

_EMAIL = func.lower(UserRow.email)
_FRESH = {"populate_existing": True}
_LOCK_ADMINS = text("select pg_advisory_xact_lock(hashtextextended('equeue.admins', 0))")


@attrs.frozen
class PostgresPeople:
    """`People` in a session's transaction."""

    _session: AsyncSession

    async def add(self, user: User, password_hash: str | None) -> Person | None:
        """Store a new person, unless the address is taken; one who is just being stored is waited for."""
        disabled_at = func.now() if user.disabled else None
        facts = {"id": user.id, "email": user.email, "role": user.role, "password_hash": password_hash}
        adding = (
            insert(UserRow)
            .values(**facts, disabled_at=disabled_at)
            .on_conflict_do_nothing(index_elements=[_EMAIL])
            .returning(UserRow)
        )
        with translated():
            row = (await self._session.scalars(adding)).one_or_none()
        return None if row is None else _person(row)

    async def find(self, who: UserId | str) -> Person | None:
        """Return the person with this id or e-mail."""
        return await self._find(UserRow.id == who if isinstance(who, UUID) else func.lower(who) == _EMAIL)

    async def hold(self, user_id: UserId) -> Person | None:
        """Return a person, and let nobody else change them."""
        return await self._find(UserRow.id == user_id, for_update=True)

    async def put(self, user: User, password_hash: str | None) -> Person:
        """Store a held person."""
        changes: dict[str, Any] = {
            "role": user.role,
            "disabled_at": func.coalesce(UserRow.disabled_at, func.now()) if user.disabled else None,
            "password_hash": password_hash,
            "revision": UserRow.revision + 1,
        }
        storing = update(UserRow).where(UserRow.id == user.id).values(**changes).returning(UserRow)
        with translated():
            return _person((await self._session.scalars(storing, execution_options=_FRESH)).one())

    async def page(self, *, limit: int, after: UserId | None = None) -> Sequence[Person]:
        """Return at most `limit` people by id."""
        asked = select(UserRow).order_by(UserRow.id).limit(limit)
        with translated():
            rows = await self._session.scalars(asked if after is None else asked.where(UserRow.id > after))
        return [_person(row) for row in rows]

    async def hold_admins(self) -> Sequence[UserId]:
        """Return the admins who are not disabled, one asker at a time.

        The lock is a statement of its own, so that the next one sees what the one before us has committed.
        """
        admins = select(UserRow.id).where(UserRow.role == Role.ADMIN, UserRow.disabled_at.is_(None))
        with translated():
            await self._session.execute(_LOCK_ADMINS)
            return list(await self._session.scalars(admins.order_by(UserRow.id)))

    async def _find(self, where: ColumnElement[bool], *, for_update: bool = False) -> Person | None:
        asked = select(UserRow).where(where)
        asked = asked.with_for_update() if for_update else asked
        with translated():
            row = (await self._session.scalars(asked, execution_options=_FRESH)).one_or_none()
        return None if row is None else _person(row)


def _person(row: UserRow) -> Person:
    return Person(user_of(row), utc(row.created_at), row.revision, row.password_hash)
