"""API keys, `eq_<id>_<secret>`: made once, shown once, kept only as a hash."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

import attrs

from ...application.ports.accounts import ApiKey, User
from ...application.ports.credentials import PresentedKey
from ...domain.access import GRANTS, Scope
from ...domain.ids import UUID

SECRET_BYTES = 32
_FORM = re.compile(r"eq_([0-9a-f]{32})_([A-Za-z0-9_-]{43})", re.ASCII)


def issue(
    key_id: UUID,
    user: User,
    name: str,
    *,
    scopes: frozenset[Scope] | None = None,
    queue_globs: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Return a new key to be stored, and its text, which nobody can ever see again.

    Without `scopes` the key may do what its owner's role allows.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    granted = GRANTS[user.role] if scopes is None else scopes
    key = ApiKey(key_id, user, name, _digest(secret), granted, queue_globs, expires_at)
    return key, write(key_id, secret)


def write(key_id: UUID, secret: bytes) -> str:
    """Return the canonical text of a key."""
    return f"eq_{key_id.hex}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode('ascii')}"


def parse(text: str) -> PresentedKey | None:
    """Return the key that `text` is; `None` unless it is written exactly as `write` would write it.

    The last of the 43 characters carries two bits that mean nothing: only the canonical ones are taken, so that a
    key has a single text and a list of leaked texts can be searched for it.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    key_id, secret = UUID(found[1]), base64.urlsafe_b64decode(f"{found[2]}=")
    if write(key_id, secret) != text:
        return None
    return PresentedKey(key_id, _digest(secret))


@attrs.frozen
class ApiKeys:
    """Reads API keys for `Authenticate`."""

    def read(self, text: str) -> PresentedKey | None:
        """Return the key that `text` is in canonical form."""
        return parse(text)

    def same(self, presented: PresentedKey, stored_hash: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(presented.secret_hash, stored_hash)


def _digest(secret: bytes) -> bytes:
    # 32 random bytes cannot be guessed, so a slow hash would only cost the server.
    return hashlib.sha256(secret).digest()
