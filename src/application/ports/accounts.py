"""People and their keys, as far as they own jobs."""

from datetime import datetime
from typing import Protocol

import attrs

from ...domain.access import Role, Scope
from ...domain.ids import UUID, UserId


@attrs.frozen
class User:
    """A person who owns jobs and keys."""

    id: UserId
    email: str
    role: Role
    disabled: bool = False


@attrs.frozen
class FormerSecret:
    """The secret of a key before it was rotated, good for a while longer."""

    secret_hash: bytes = attrs.field(repr=False)
    until: datetime


@attrs.frozen
class ApiKey:
    """A machine's key: the secret itself is never kept, only its SHA-256."""

    id: UUID
    user: User
    name: str
    secret_hash: bytes = attrs.field(repr=False)
    scopes: frozenset[Scope]
    queue_globs: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked: bool = False
    former: FormerSecret | None = None
    last_used_at: datetime | None = None


class Accounts(Protocol):
    """The people who own jobs, and their keys."""

    async def add_user(self, user: User) -> User:
        """Store a new person; the one with that e-mail, whatever its case, if there is one already."""
        ...

    async def find_user(self, email: str) -> User | None:
        """Return the person with this e-mail, whatever its case."""
        ...

    async def add_key(self, key: ApiKey) -> None:
        """Store a new key."""
        ...

    async def find_key(self, key_id: UUID) -> ApiKey | None:
        """Return a key with its owner; revoked and expired ones too."""
        ...
