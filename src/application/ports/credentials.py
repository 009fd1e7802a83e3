"""What a caller presents to prove who it is: keys, tokens, passwords."""

from datetime import datetime
from typing import Protocol

import attrs

from ...domain.ids import UUID, UserId


@attrs.frozen
class PresentedKey:
    """An API key as it was presented, its secret already hashed."""

    key_id: UUID
    secret_hash: bytes = attrs.field(repr=False)


class KeyReader(Protocol):
    """Knows how API keys are written."""

    def read(self, text: str) -> PresentedKey | None:
        """Return the key that `text` is in canonical form; `None` if it is no key at all."""
        ...

    def same(self, presented: PresentedKey, stored_hash: bytes) -> bool:
        """Tell whether the secrets are the same, in a time that does not depend on where they differ."""
        ...


@attrs.frozen
class AccessClaims:
    """What an access token says: for whom, in which session, under which id of its own, from when until when."""

    user_id: UserId
    session_id: UUID
    token_id: UUID
    issued_at: datetime
    expires_at: datetime


class AccessTokens(Protocol):
    """Writes and reads the short-lived tokens of people."""

    def write(self, claims: AccessClaims) -> str:
        """Return the token, signed with the current key."""
        ...

    def read(self, text: str) -> AccessClaims | None:
        """Return what a token says; `None` unless it is one of ours, whole, canonical, and not expired."""
        ...


@attrs.frozen
class RefreshClaims:
    """What a refresh token says: of which session it is, and the how many-th."""

    session_id: UUID
    generation: int


class RefreshTokens(Protocol):
    """Writes and reads the tokens that lead to the next access token."""

    def write(self, claims: RefreshClaims) -> str:
        """Return the token; the same for the same claims under the same current key."""
        ...

    def read(self, text: str) -> RefreshClaims | None:
        """Return what a token says; `None` unless it is one of ours, whole and canonical."""
        ...


class Passwords(Protocol):
    """Hashes passwords so slowly that guessing costs, without keeping the process from other work."""

    async def hash(self, password: str) -> str:
        """Return what may be kept of `password`, another text at each call; it was checked before."""
        ...

    async def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether `password` is the one that was hashed; for `None` it never is, and takes as long to say."""
        ...
