"""Keys for machines: made and shown once, or taken over from where they are kept."""

from typing import Protocol

import attrs

from ..domain.access import GRANTS, Role, Scope
from ..domain.audit import SYSTEM
from ..domain.ids import UUID
from .account_acts import key_created
from .ports.accounts import ApiKey, User
from .ports.credentials import KeyReader
from .ports.platform import Ids
from .ports.unit_of_work import UnitOfWork, UnitsOfWork


class IssueKey(Protocol):
    """Makes a key and its text; nobody can ever make the text again."""

    def __call__(
        self, key_id: UUID, user: User, name: str, *, scopes: frozenset[Scope] | None = None
    ) -> tuple[ApiKey, str]:
        """Return a new key to be stored, and its text."""
        ...


@attrs.frozen
class CreateKey:
    """Make a key for a person, who is made too if need be."""

    units_of_work: UnitsOfWork
    ids: Ids
    issue: IssueKey

    async def __call__(self, name: str, email: str, role: Role, scopes: frozenset[Scope] | None = None) -> str:
        """Return the key's text; `role` is only for a person who is not there yet."""
        async with self.units_of_work() as unit:
            owner = await _owner(unit, self.ids, email, role)
            key, text = self.issue(self.ids.new(), owner, name, scopes=scopes)
            await unit.accounts.add_key(key)
            await unit.audit.record([key_created(key, SYSTEM)])
            await unit.commit()
        return text


@attrs.frozen
class AdoptKey:
    """Make a key that is kept somewhere valid here, so that it outlives a database."""

    units_of_work: UnitsOfWork
    ids: Ids
    keys: KeyReader

    async def __call__(self, text: str, name: str, email: str, role: Role) -> bool:
        """Tell whether `text` is a valid key now; it is not if it is no key, or was revoked, or another has its id."""
        presented = self.keys.read(text)
        if presented is None:
            return False
        async with self.units_of_work() as unit:
            stored = await unit.accounts.find_key(presented.key_id)
            if stored is not None:
                return self.keys.same(presented, stored.secret_hash) and not stored.revoked
            owner = await _owner(unit, self.ids, email, role)
            key = ApiKey(presented.key_id, owner, name, presented.secret_hash, GRANTS[owner.role])
            await unit.accounts.add_key(key)
            await unit.commit()
        return True


async def _owner(unit: UnitOfWork, ids: Ids, email: str, role: Role) -> User:
    return await unit.accounts.add_user(User(ids.new(), email, role))
