"""People, managed by admins; and what each may do about the own password. Every act is in the audit log."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from ..domain.access import Role
from ..domain.account_errors import EmailTaken, LastAdmin, StaleAccount, UserNotFound
from ..domain.audit import SYSTEM, Act, Actor
from ..domain.ids import UserId
from ..domain.people import check_email, check_password
from .account_acts import user_changed, user_created
from .ports.accounts import User
from .ports.credentials import Passwords
from .ports.people import Person
from .ports.platform import Ids
from .ports.unit_of_work import UnitOfWork, UnitsOfWork

Seen: TypeAlias = Callable[[str], bool]
"""Tells whether an ETag is that of what the caller has seen."""


def anything(etag: str) -> bool:  # noqa: ARG001 - one shape for all that was seen
    """Accept the present state, whatever it is."""
    return True


@attrs.frozen
class PersonEdit:
    """What is to change about a person; `None` stays as it is."""

    role: Role | None = None
    disabled: bool | None = None
    password: str | None = attrs.field(default=None, repr=False)

    def apply(self, user: User) -> User:
        """Return the person as wanted."""
        role = user.role if self.role is None else self.role
        return attrs.evolve(user, role=role, disabled=user.disabled if self.disabled is None else self.disabled)


@attrs.frozen
class ManagePeople:
    """Make people, look at them, change them."""

    units_of_work: UnitsOfWork
    ids: Ids
    passwords: Passwords

    async def create(self, email: str, role: Role, password: str | None, actor: Actor) -> Person:
        """Store a new person; raise `InvalidUser`, or `EmailTaken`. Without a password only keys lead in."""
        check_email(email)
        kept = await self._hashed(password)
        async with self.units_of_work() as unit:
            if role is Role.ADMIN:
                await unit.people.hold_admins()
            person = await unit.people.add(User(self.ids.new(), email, role), kept)
            if person is None:
                raise EmailTaken
            await unit.audit.record([user_created(person.user, actor)])
            await unit.commit()
        return person

    async def page(self, *, limit: int, after: UserId | None = None) -> Sequence[Person]:
        """Return at most `limit` people, in the order in which they were made."""
        async with self.units_of_work() as unit:
            return await unit.people.page(limit=limit, after=after)

    async def get(self, who: UserId | str) -> Person:
        """Return one person by id or e-mail; raise `UserNotFound`."""
        async with self.units_of_work() as unit:
            return _found(await unit.people.find(who))

    async def change(self, user_id: UserId, seen: Seen, edit: PersonEdit, actor: Actor) -> Person:
        """Change a person who is as the caller has `seen`; raise `StaleAccount`, `UserNotFound`, `LastAdmin`.

        A new password, or being disabled, ends all sessions at once; the keys of a disabled person are no good either.
        """
        kept = await self._hashed(edit.password)
        async with self.units_of_work() as unit:
            admins = await unit.people.hold_admins()
            before = _found(await unit.people.hold(user_id))
            if not seen(before.etag):
                raise StaleAccount
            wanted = edit.apply(before.user)
            if user_id in admins and not _administers(wanted) and len(admins) == 1:
                raise LastAdmin
            after = await unit.people.put(wanted, kept or before.password_hash)
            if kept is not None or wanted.disabled:
                await unit.sessions.end(user_id)
            await unit.audit.record([user_changed(before.user, after.user, actor, password=kept is not None)])
            await unit.commit()
        return after

    async def first_admin(self, email: str, password: str) -> bool:
        """See to it that there is an admin; tell whether one had to be made.

        Any number of processes may say so at once: one makes the admin, the others find that it is done. Somebody who
        has the address already becomes the admin, with this password.
        """
        check_email(email)
        async with self.units_of_work() as unit:
            if await unit.people.hold_admins():
                return False
        kept = await self._hashed(password)
        async with self.units_of_work() as unit:
            if await unit.people.hold_admins():
                return False
            user = User(self.ids.new(), email, Role.ADMIN)
            made = await unit.people.add(user, kept)
            act = await _promoted(unit, email, kept) if made is None else user_created(made.user, SYSTEM)
            await unit.audit.record([act])
            await unit.commit()
        return True

    async def _hashed(self, password: str | None) -> str | None:
        """Check and hash a password, before any transaction is opened: it takes long."""
        if password is None:
            return None
        check_password(password)
        return await self.passwords.hash(password)


@attrs.frozen
class ChangePassword:
    """Give the own password up for another one."""

    units_of_work: UnitsOfWork
    passwords: Passwords

    async def __call__(self, user_id: UserId, password: str, actor: Actor) -> User:
        """Store the new password, which was checked, and end all sessions; return whose it is."""
        kept = await self.passwords.hash(password)
        async with self.units_of_work() as unit:
            before = _found(await unit.people.hold(user_id))
            after = await unit.people.put(before.user, kept)
            await unit.sessions.end(user_id)
            await unit.audit.record([user_changed(before.user, after.user, actor, password=True)])
            await unit.commit()
        return after.user


async def _promoted(unit: UnitOfWork, email: str, kept: str | None) -> Act:
    known = _found(await unit.people.find(email))
    held = _found(await unit.people.hold(known.user.id))
    await unit.sessions.end(held.user.id)
    after = await unit.people.put(attrs.evolve(held.user, role=Role.ADMIN, disabled=False), kept)
    return user_changed(held.user, after.user, SYSTEM, password=True)


def _found(person: Person | None) -> Person:
    if person is None:
        raise UserNotFound
    return person


def _administers(user: User) -> bool:
    return user.role is Role.ADMIN and not user.disabled
