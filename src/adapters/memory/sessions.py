"""Sessions of people, and the attempts to begin one, in memory."""

from collections.abc import Collection, Mapping
from datetime import timedelta

import attrs

from ...application.ports.sessions import StoredSession
from ...domain.ids import UUID, UserId
from ...domain.logins import Tally
from ...domain.sessions import Session
from .store import Attempts, Transaction


@attrs.frozen
class MemorySessions:
    """`Sessions` on a transaction in memory."""

    _transaction: Transaction

    async def open(self, session_id: UUID, user_id: UserId, lasts: timedelta) -> Session:
        """Store a new session."""
        now = self._transaction.now
        session = self._transaction.sessions[session_id] = Session(session_id, user_id, 1, now, now, now + lasts)
        return session

    async def find(self, session_id: UUID) -> StoredSession | None:
        """Return a session with its person as the person is now."""
        session = self._transaction.sessions.get(session_id)
        return None if session is None else StoredSession(session, self._transaction.users[session.user_id])

    async def hold(self, session_id: UUID) -> StoredSession | None:
        """Return a session, and let nobody else change it."""
        await self._transaction.hold([("session", session_id)])
        return await self.find(session_id)

    async def put(self, session: Session) -> None:
        """Store a held session."""
        self._transaction.sessions[session.id] = session

    async def end(self, user_id: UserId) -> int:
        """Revoke all sessions of a person."""
        found = [one for one in self._transaction.sessions.values() if one and one.user_id == user_id]
        going_on = [session for session in found if session.lives(self._transaction.now)]
        await self._transaction.hold(("session", session.id) for session in going_on)
        for session in going_on:
            self._transaction.sessions[session.id] = session.ended()
        return len(going_on)

    async def forget(self, limit: int) -> int:
        """Drop sessions that are past their time."""
        now = self._transaction.now
        past = [one for one in self._transaction.sessions.values() if one and one.expires_at <= now]
        oldest = sorted(past, key=lambda session: session.expires_at)[:limit]
        self._transaction.sessions.update({session.id: None for session in oldest})
        return len(oldest)


@attrs.frozen
class MemoryLoginAttempts:
    """`LoginAttempts` on a transaction in memory."""

    _transaction: Transaction

    async def charge(self, subjects: Collection[str], window: timedelta) -> Mapping[str, Tally]:
        """Count one attempt for each subject."""
        await self._hold(subjects)
        return {subject: self._charged(subject, window) for subject in subjects}

    async def forgive(self, cleared: Collection[str], refunded: Collection[str]) -> None:
        """Forget attempts."""
        await self._hold([*cleared, *refunded])
        table = self._transaction.logins
        for subject in {*cleared, *refunded}:
            if (known := table.get(subject)) is not None:
                left = 0 if subject in cleared else max(0, known.count - 1)
                table[subject] = attrs.evolve(known, count=left)

    async def forget(self, window: timedelta, limit: int) -> int:
        """Drop subjects whose window is over."""
        over = self._transaction.now - window
        past = [(known.began_at, name) for name, known in self._transaction.logins.items() if known]
        oldest = [name for began_at, name in sorted(past) if began_at <= over][:limit]
        self._transaction.logins.update(dict.fromkeys(oldest))
        return len(oldest)

    def _charged(self, subject: str, window: timedelta) -> Tally:
        now, known = self._transaction.now, self._transaction.logins.get(subject)
        goes_on = known is not None and known.began_at + window > now
        after = Attempts(known.count + 1, known.began_at) if known is not None and goes_on else Attempts(1, now)
        self._transaction.logins[subject] = after
        return Tally(after.count, after.began_at + window - now)

    async def _hold(self, subjects: Collection[str]) -> None:
        await self._transaction.hold(("login", subject) for subject in sorted(subjects))
