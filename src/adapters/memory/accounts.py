"""People and their keys, in memory."""

import attrs

from ...application.ports.accounts import ApiKey, User
from ...domain.ids import UUID
from .store import Stamp, Transaction


@attrs.frozen
class MemoryAccounts:
    """An `Accounts` on a transaction in memory."""

    _transaction: Transaction

    async def add_user(self, user: User) -> User:
        """Store a new person, or return the one who has that e-mail."""
        await self._transaction.hold([("email", user.email.lower())])
        known = await self.find_user(user.email)
        if known is None:
            self._transaction.stamps[user.id] = Stamp(self._transaction.now)
        return known or self._transaction.users.setdefault(user.id, user)

    async def find_user(self, email: str) -> User | None:
        """Return the person with this e-mail, whatever its case."""
        people = self._transaction.users.values()
        return next((user for user in people if user.email.lower() == email.lower()), None)

    async def add_key(self, key: ApiKey) -> None:
        """Store a new key."""
        self._transaction.keys[key.id] = key
        self._transaction.stamps[key.id] = Stamp(self._transaction.now)

    async def find_key(self, key_id: UUID) -> ApiKey | None:
        """Return a key with its owner as the owner is now."""
        key = self._transaction.keys.get(key_id)
        return None if key is None else attrs.evolve(key, user=self._transaction.users[key.user.id])
