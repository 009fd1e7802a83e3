"""People with their passwords, in memory."""

from collections.abc import Sequence

import attrs

from ...application.ports.accounts import User
from ...application.ports.people import Person
from ...domain.access import Role
from ...domain.ids import UUID, UserId
from .store import Stamp, Transaction


@attrs.frozen
class MemoryPeople:
    """`People` on a transaction in memory."""

    _transaction: Transaction

    async def add(self, user: User, password_hash: str | None) -> Person | None:
        """Store a new person, unless the address is taken."""
        await self._transaction.hold([("email", user.email.lower())])
        if await self.find(user.email) is not None:
            return None
        self._transaction.users[user.id] = user
        self._transaction.passwords[user.id] = password_hash
        self._transaction.stamps[user.id] = Stamp(self._transaction.now)
        return self._person(user)

    async def find(self, who: UserId | str) -> Person | None:
        """Return the person with this id or e-mail."""
        people = self._transaction.users
        if isinstance(who, UUID):
            found = people.get(who)
        else:
            found = next((user for user in people.values() if user.email.lower() == who.lower()), None)
        return None if found is None else self._person(found)

    async def hold(self, user_id: UserId) -> Person | None:
        """Return a person, and let nobody else change them."""
        await self._transaction.hold([("user", user_id)])
        return await self.find(user_id)

    async def put(self, user: User, password_hash: str | None) -> Person:
        """Store a held person."""
        before = self._transaction.stamps[user.id]
        self._transaction.users[user.id] = attrs.evolve(
            self._transaction.users[user.id], role=user.role, disabled=user.disabled
        )
        self._transaction.passwords[user.id] = password_hash
        self._transaction.stamps[user.id] = Stamp(before.created_at, before.revision + 1)
        return self._person(self._transaction.users[user.id])

    async def page(self, *, limit: int, after: UserId | None = None) -> Sequence[Person]:
        """Return at most `limit` people by id."""
        found = sorted(self._transaction.users.values(), key=lambda user: user.id)
        return [self._person(user) for user in found if after is None or user.id > after][:limit]

    async def hold_admins(self) -> Sequence[UserId]:
        """Return the admins who are not disabled, one asker at a time."""
        await self._transaction.hold([("admins",)])
        people = self._transaction.users.values()
        return sorted(user.id for user in people if user.role is Role.ADMIN and not user.disabled)

    def _person(self, user: User) -> Person:
        stamp = self._transaction.stamps[user.id]
        return Person(user, stamp.created_at, stamp.revision, self._transaction.passwords.get(user.id))
