"""People, as those who manage them and the login see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ...domain.ids import UserId
from .accounts import User


@attrs.frozen
class Person:
    """A person with what is kept of the password: nothing that could be turned back."""

    user: User
    created_at: datetime
    revision: int = 0
    password_hash: str | None = attrs.field(default=None, repr=False)

    @property
    def etag(self) -> str:
        """Return what changes whenever the person does."""
        return str(self.revision)


class People(Protocol):
    """The people, in a unit's transaction."""

    async def add(self, user: User, password_hash: str | None) -> Person | None:
        """Store a new person; `None`, and nothing stored, if somebody has that e-mail, whatever its case."""
        ...

    async def find(self, who: UserId | str) -> Person | None:
        """Return the person with this id, or with this e-mail, whatever its case."""
        ...

    async def hold(self, user_id: UserId) -> Person | None:
        """Return a person, and let nobody else change them before this unit ends."""
        ...

    async def put(self, user: User, password_hash: str | None) -> Person:
        """Store a held person's role, password and whether they are disabled; the revision grows by one."""
        ...

    async def page(self, *, limit: int, after: UserId | None = None) -> Sequence[Person]:
        """Return at most `limit` people by id, behind `after`."""
        ...

    async def hold_admins(self) -> Sequence[UserId]:
        """Return the admins who are not disabled, and let nobody else ask that before this unit ends.

        Whoever makes or unmakes an admin asks first: so there is never a moment without one.
        """
        ...
