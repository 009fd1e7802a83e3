"""Passwords without the slowness: for tests, where nobody guesses."""

import hashlib
import hmac
import secrets

import attrs

from ...domain.people import normal


@attrs.frozen
class MemoryPasswords:
    """`Passwords` that are hashed fast."""

    async def hash(self, password: str) -> str:
        """Return a salted hash."""
        return _hashed(secrets.token_hex(8), password)

    async def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether it is the one that was hashed."""
        salt = "" if kept is None else kept.partition("$")[0]
        return hmac.compare_digest(_hashed(salt, password), kept or "") and kept is not None


def _hashed(salt: str, password: str) -> str:
    text = f"{salt}:{normal(password)}".encode("utf-8", "surrogatepass")
    return f"{salt}${hashlib.sha256(text).hexdigest()}"
