"""Where people and keys are managed, over an empty store in memory."""

import asyncio

import attrs
from tests.builders import OWNER, a_birth

from equeue.adapters.memory.passwords import MemoryPasswords
from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.adapters.security.keys import ApiKeys, issue
from equeue.adapters.security.tokens import JwtAccessTokens, SignedRefreshTokens
from equeue.adapters.system import UuidV7Ids
from equeue.application.access import Authenticate
from equeue.application.api_keys import ManageApiKeys
from equeue.application.login import LogIn, Throttle
from equeue.application.people import ChangePassword, ManagePeople
from equeue.application.ports.audit import AuditFilter
from equeue.application.ports.people import Person
from equeue.application.sessions import CarryOn, OpenSession, WriteTokens
from equeue.domain.access import Role
from equeue.domain.audit import Act, Actor

ADMIN = Actor(OWNER, a_birth().job_id, "request-1")
PASSWORD = "correct horse battery"
KEYS = (b"k" * 32,)
EVERYTHING = AuditFilter()


@attrs.define
class CountedPasswords:
    """Passwords that tell how often one was compared."""

    compared: int = 0
    _passwords: MemoryPasswords = attrs.field(factory=MemoryPasswords)

    async def hash(self, password: str) -> str:
        """Return what may be kept, after others had their turn: it takes long."""
        await asyncio.sleep(0)
        return await self._passwords.hash(password)

    async def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether it is the one that was hashed."""
        self.compared += 1
        return await self._passwords.fits(password, kept)


class Office:
    """The use cases about people, their keys and their sessions."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.store = MemoryStore(self.clock)
        self.units = memory_units_of_work(self.store)
        self.passwords, ids = CountedPasswords(), UuidV7Ids()
        refresh = SignedRefreshTokens(KEYS)
        access = JwtAccessTokens(KEYS, self.clock)
        self.write = WriteTokens(access, refresh, self.clock, ids)
        self.open_session = OpenSession(self.units, ids, self.write)
        self.carry_on = CarryOn(self.units, refresh, self.write)
        self.people = ManagePeople(self.units, ids, self.passwords)
        self.change_password = ChangePassword(self.units, self.passwords)
        self.log_in = LogIn(self.units, self.passwords, Throttle(self.units), self.open_session)
        self.keys = ManageApiKeys(self.units, ids, issue)
        self.authenticate = Authenticate(self.units, ApiKeys(), self.clock, access)

    async def person(self, email: str = "ada@example.org", role: Role = Role.MEMBER) -> Person:
        """Make a person with the password."""
        return await self.people.create(email, role, PASSWORD, ADMIN)

    async def acts(self) -> list[Act]:
        """Return what the audit log holds, oldest first."""
        async with self.units() as unit:
            return [entry.act for entry in reversed(await unit.audit.page(EVERYTHING, limit=100))]
