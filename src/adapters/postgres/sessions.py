"""Sessions of people, and the attempts to begin one, in PostgreSQL."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import attrs
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ...application.ports.sessions import StoredSession
from ...domain.ids import UUID, UserId
from ...domain.logins import Tally
from ...domain.sessions import Session
from .accounts import user_of
from .errors import translated
from .models import UserRow
from .people_models import LoginAttemptRow, SessionRow
from .rows import utc

_FRESH = {"populate_existing": True}

# One round trip for all subjects, in one order, so that two attempts never wait for each other in a circle. The count
# stops far above any limit, lest somebody's patience overflow it.
_CHARGE = text("""
insert into equeue.login_attempts as known (subject)
select subject from unnest(cast(:subjects as text[])) as tried (subject)
order by subject
on conflict (subject) do update
set attempts = case when known.began_at + :window > now() then least(known.attempts, 1000000) + 1 else 1 end,
  began_at = case when known.began_at + :window > now() then known.began_at else now() end
returning subject, attempts, began_at + :window - now() as "left"
""")

_FORGIVE = text("""
with held as materialized (
  select subject from equeue.login_attempts
  where subject = any(cast(:subjects as text[]))
  order by subject
  for update
)
update equeue.login_attempts as known
set attempts = case when known.subject = any(cast(:cleared as text[])) then 0 else greatest(known.attempts - 1, 0) end
from held
where known.subject = held.subject
""")


@attrs.frozen
class PostgresSessions:
    """`Sessions` in a session's transaction."""

    _session: AsyncSession

    async def open(self, session_id: UUID, user_id: UserId, lasts: timedelta) -> Session:
        """Store a new session."""
        facts = {"id": session_id, "user_id": user_id, "expires_at": func.now() + lasts}
        with translated():
            return _of((await self._session.scalars(insert(SessionRow).values(**facts).returning(SessionRow))).one())

    async def find(self, session_id: UUID) -> StoredSession | None:
        """Return a session with its person as the person is now."""
        return await self._find(session_id)

    async def hold(self, session_id: UUID) -> StoredSession | None:
        """Return a session, and let nobody else change it."""
        return await self._find(session_id, for_update=True)

    async def put(self, session: Session) -> None:
        """Store a held session."""
        storing = (
            update(SessionRow)
            .where(SessionRow.id == session.id)
            .values(
                generation=session.generation,
                rotated_at=session.rotated_at,
                revoked_at=func.coalesce(SessionRow.revoked_at, func.now()) if session.revoked else None,
            )
        )
        with translated():
            await self._session.execute(storing.execution_options(synchronize_session=False))

    async def end(self, user_id: UserId) -> int:
        """Revoke all sessions of a person."""
        row = SessionRow
        going_on = (row.user_id == user_id, row.revoked_at.is_(None), row.expires_at > func.now())
        ending = update(row).where(*going_on).values(revoked_at=func.now()).returning(row.id)
        with translated():
            ended = await self._session.execute(ending.execution_options(synchronize_session=False))
        return len(ended.all())

    async def forget(self, limit: int) -> int:
        """Drop sessions that are past their time."""
        row = SessionRow
        past = select(row.id).where(row.expires_at <= func.now()).order_by(row.expires_at).limit(limit)
        oldest = past.with_for_update(skip_locked=True).cte("oldest")
        dropped = delete(row).where(row.id == oldest.c.id).returning(row.id)
        with translated():
            found = await self._session.execute(dropped.execution_options(synchronize_session=False))
        return len(found.all())

    async def _find(self, session_id: UUID, *, for_update: bool = False) -> StoredSession | None:
        asked = select(SessionRow, UserRow).join(UserRow, UserRow.id == SessionRow.user_id)
        asked = asked.where(SessionRow.id == session_id)
        asked = asked.with_for_update(of=SessionRow) if for_update else asked
        with translated():
            found = (await self._session.execute(asked, execution_options=_FRESH)).one_or_none()
        return None if found is None else StoredSession(_of(found[0]), user_of(found[1]))


@attrs.frozen
class PostgresLoginAttempts:
    """`LoginAttempts` in a session's transaction."""

    _session: AsyncSession

    async def charge(self, subjects: Collection[str], window: timedelta) -> Mapping[str, Tally]:
        """Count one attempt for each subject."""
        told = {"subjects": list(subjects), "window": window}
        with translated():
            rows = (await self._session.execute(_CHARGE, told)).all()
        return {subject: Tally(attempts, left) for subject, attempts, left in rows}

    async def forgive(self, cleared: Collection[str], refunded: Collection[str]) -> None:
        """Forget attempts."""
        told = {"subjects": [*cleared, *refunded], "cleared": list(cleared)}
        with translated():
            await self._session.execute(_FORGIVE, told)

    async def forget(self, window: timedelta, limit: int) -> int:
        """Drop subjects whose window is over."""
        row = LoginAttemptRow
        past = select(row.subject).where(row.began_at <= func.now() - window).order_by(row.began_at).limit(limit)
        oldest = past.with_for_update(skip_locked=True).cte("oldest")
        dropped = delete(row).where(row.subject == oldest.c.subject).returning(row.subject)
        with translated():
            found = await self._session.execute(dropped.execution_options(synchronize_session=False))
        return len(found.all())


def _of(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        user_id=row.user_id,
        generation=row.generation,
        created_at=utc(row.created_at),
        rotated_at=utc(row.rotated_at),
        expires_at=utc(row.expires_at),
        revoked=row.revoked_at is not None,
    )
