"""Sessions of people, and the attempts to begin one."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

import attrs

from ...domain.ids import UUID, UserId
from ...domain.logins import Tally
from ...domain.sessions import Session
from .accounts import User


@attrs.frozen
class StoredSession:
    """A session with its person as the person is now."""

    session: Session
    user: User


class Sessions(Protocol):
    """The sessions, in a unit's transaction."""

    async def open(self, session_id: UUID, user_id: UserId, lasts: timedelta) -> Session:
        """Store a new session that began now, with its first refresh token."""
        ...

    async def find(self, session_id: UUID) -> StoredSession | None:
        """Return a session; ended ones too."""
        ...

    async def hold(self, session_id: UUID) -> StoredSession | None:
        """Return a session, and let nobody else change it before this unit ends."""
        ...

    async def put(self, session: Session) -> None:
        """Store a held session's generation, when it was rotated, and whether it is revoked."""
        ...

    async def end(self, user_id: UserId) -> int:
        """Revoke all sessions of a person; return how many went on until now."""
        ...

    async def forget(self, limit: int) -> int:
        """Drop at most `limit` sessions that could not go on any more, the oldest first; return how many."""
        ...


class LoginAttempts(Protocol):
    """How often each subject was tried, in a unit's transaction: an account, an address."""

    async def charge(self, subjects: Collection[str], window: timedelta) -> Mapping[str, Tally]:
        """Count one attempt for each subject and return its tally; a window that is over begins anew."""
        ...

    async def forgive(self, cleared: Collection[str], refunded: Collection[str]) -> None:
        """Forget the attempts of those `cleared`, and one attempt of each of those `refunded`."""
        ...

    async def forget(self, window: timedelta, limit: int) -> int:
        """Drop at most `limit` subjects whose window is over, the oldest first; return how many."""
        ...
