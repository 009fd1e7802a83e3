"""Passwords: every adapter keeps the same promises."""

from collections.abc import Callable

import pytest

from equeue.adapters.memory.passwords import MemoryPasswords
from equeue.adapters.security.passwords import BcryptPasswords
from equeue.application.ports.credentials import Passwords

GOOD = "correct horse battery"
LONGEST = "é" * 36
"""72 bytes."""


@pytest.fixture(params=[MemoryPasswords, lambda: BcryptPasswords(cost=4)], ids=["memory", "bcrypt"])
def passwords(request: pytest.FixtureRequest) -> Passwords:
    """Return an adapter; bcrypt as cheap as it gets."""
    make: Callable[[], Passwords] = request.param
    return make()


async def test_the_right_password_fits(passwords: Passwords) -> None:
    """And no other one."""
    kept = await passwords.hash(GOOD)
    assert await passwords.fits(GOOD, kept)
    for wrong in ("", GOOD + " ", GOOD.upper(), GOOD[:-1], "\x00", GOOD + "\x00"):
        assert not await passwords.fits(wrong, kept)


async def test_what_is_kept_tells_nothing(passwords: Passwords) -> None:
    """The same password is kept as another text each time, and never as itself."""
    kept = {await passwords.hash(GOOD) for _ in range(3)}
    assert len(kept) == 3
    assert not any(GOOD in text or len(text) > 255 for text in kept)


async def test_nothing_fits_nobody(passwords: Passwords) -> None:
    """Where there is no hash no password is right, not even the empty one."""
    for password in (GOOD, "", "\x00", "\ud800", "x" * 1_000):
        assert not await passwords.fits(password, None)


async def test_every_byte_counts(passwords: Passwords) -> None:
    """Up to the longest; what is longer than any that could be set never fits."""
    kept = await passwords.hash(LONGEST)
    assert await passwords.fits(LONGEST, kept)
    for wrong in (LONGEST[:-1] + "e", LONGEST + "x", LONGEST + "\x00", "\ud800" * 20):
        assert not await passwords.fits(wrong, kept)


async def test_keyboards_may_differ(passwords: Passwords) -> None:
    """An é typed as one sign or as two is the same."""
    kept = await passwords.hash("cafe\u0301 au lait fort")
    assert await passwords.fits("caf\u00e9 au lait fort", kept)
