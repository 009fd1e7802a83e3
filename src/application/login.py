"""Logging in with a password: throttled, and silent about which accounts there are."""

import hashlib
from collections.abc import Mapping

import attrs

from ..domain.account_errors import BadCredentials, TooManyLogins
from ..domain.logins import PER_ACCOUNT, PER_ADDRESS, WINDOW, exceeded
from .ports.credentials import Passwords
from .ports.people import Person
from .ports.unit_of_work import UnitsOfWork
from .sessions import OpenSession, Tokens


@attrs.frozen
class Throttle:
    """Bounds how often passwords are tried. An attempt counts before the password is looked at.

    So a thousand attempts at a time count a thousand times, and one that was refused costs no hash.
    """

    units_of_work: UnitsOfWork

    async def admit(self, email: str, address: str) -> None:
        """Count an attempt; raise `TooManyLogins` if there were too many for the account or from the address."""
        limits = _limits(email, address)
        async with self.units_of_work() as unit:
            tallies = await unit.logins.charge(limits.keys(), WINDOW)
            await unit.commit()
        passed = exceeded(tallies, limits)
        if passed is not None:
            raise TooManyLogins(passed.wait, passed.limit, WINDOW)

    async def forgive(self, email: str, address: str) -> None:
        """Forget the account's attempts, for its owner is here; the address gets only this one back.

        Otherwise one good account would buy its address any number of guesses at others.
        """
        async with self.units_of_work() as unit:
            await unit.logins.forgive([account_subject(email)], [address_subject(address)])
            await unit.commit()


@attrs.frozen
class LogIn:
    """Begin a session with an e-mail address and a password."""

    units_of_work: UnitsOfWork
    passwords: Passwords
    throttle: Throttle
    open_session: OpenSession

    async def __call__(self, email: str, password: str, address: str) -> Tokens:
        """Return the tokens of a new session; raise `BadCredentials` or `TooManyLogins`.

        An account that is not there, is disabled, or has no password is refused with the same words after the same
        time as a wrong password.
        """
        person = await self.check(email, password, address)
        return await self.open_session(person.user)

    async def check(self, email: str, password: str, address: str) -> Person:
        """Return the person whose password it is; raise `BadCredentials` or `TooManyLogins`."""
        await self.throttle.admit(email, address)
        async with self.units_of_work() as unit:
            person = await unit.people.find(email)
        fits = await self.passwords.fits(password, None if person is None else person.password_hash)
        if person is None or person.user.disabled or not fits:
            raise BadCredentials
        await self.throttle.forgive(email, address)
        return person


def account_subject(email: str) -> str:
    """Return what an account's attempts are counted under; people type passwords into the wrong field, so a hash."""
    return f"account:{hashlib.sha256(email.casefold().encode('utf-8', 'replace')).hexdigest()}"


def address_subject(address: str) -> str:
    """Return what an address's attempts are counted under."""
    return f"address:{address}"


def _limits(email: str, address: str) -> Mapping[str, int]:
    return {account_subject(email): PER_ACCOUNT, address_subject(address): PER_ADDRESS}
