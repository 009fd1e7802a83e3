"""Passwords, hashed by bcrypt in threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import attrs
import bcrypt

from ...domain.people import PASSWORD_BYTES, normal

COST = 12
"""2¹² rounds: about a quarter of a second on a common core."""

SALT_CHARS, HASH_CHARS = 22, 31

Result = TypeVar("Result")

THREADS = 2
"""So many hashes are computed at a time; further ones wait, so that logins never take all cores."""


@attrs.frozen(eq=False)
class BcryptPasswords:
    """`Passwords` by bcrypt, which lets go of the interpreter while it computes."""

    cost: int = COST
    _threads: ThreadPoolExecutor = attrs.field(
        init=False, factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="equeue-passwords")
    )

    async def hash(self, password: str) -> str:
        """Return what may be kept of `password`."""
        secret = normal(password).encode()
        if len(secret) > PASSWORD_BYTES:
            raise ValueError(f"bcrypt reads {PASSWORD_BYTES} bytes; longer passwords are refused where they come in")
        hashed = await self._in_thread(lambda: bcrypt.hashpw(secret, bcrypt.gensalt(self.cost)))
        return hashed.decode("ascii")

    async def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether `password` is the one that was hashed; one that could not be set never is."""
        secret = normal(password).encode("utf-8", "surrogatepass")
        stored = nobodys(self.cost) if kept is None else kept.encode("ascii")
        tried = secret.replace(b"\x00", b" ")[:PASSWORD_BYTES]
        same = await self._in_thread(lambda: bcrypt.checkpw(tried, stored))
        return same and kept is not None and tried == secret

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def nobodys(cost: int) -> bytes:
    """Return what a password is compared with where there is nothing to compare it with: it costs the same."""
    return b"$2b$%02d$" % cost + b"." * (SALT_CHARS + HASH_CHARS)
