"""The tokens of people: access tokens are JWTs, refresh tokens name a session and the how many-th they are.

Both are signed with keys derived from the installation's secret keys, one for each purpose, so that nothing signed for
one purpose is good for another. The first secret key signs; all are good for reading, so that keys can be rotated.
"""

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import jwt

from ...application.ports.credentials import AccessClaims, RefreshClaims
from ...application.ports.platform import Clock
from ...domain.ids import UUID

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = "equeue"
AUDIENCE = "equeue-api"
REQUIRED = ("exp", "iat", "iss", "aud", "sub", "sid", "jti")
SKEW = timedelta(seconds=60)
"""So far ahead the clock of the replica that wrote a token may be."""

LONGEST = 2_048
"""No token of ours is longer, and nobody else's is worth reading."""

_JWT = jwt.PyJWT()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_REFRESH = re.compile(r"er_([0-9a-f]{32})_([1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})", re.ASCII)


def derived(secret_keys: Sequence[bytes], purpose: bytes) -> tuple[bytes, ...]:
    """Return a key for `purpose` from each secret key."""
    return tuple(hmac.digest(key, purpose, "sha256") for key in secret_keys)


def _for_access(secret_keys: Sequence[bytes]) -> tuple[bytes, ...]:
    return derived(secret_keys, b"equeue access token 1")


def _for_refreshing(secret_keys: Sequence[bytes]) -> tuple[bytes, ...]:
    return derived(secret_keys, b"equeue refresh token 1")


@attrs.frozen
class JwtAccessTokens:
    """`AccessTokens` as JWTs (RFC 9068), by one algorithm and checked as RFC 8725 asks."""

    _keys: tuple[bytes, ...] = attrs.field(repr=False, alias="secret_keys", converter=_for_access)
    _clock: Clock

    def write(self, claims: AccessClaims) -> str:
        """Return the token, signed with the current key."""
        told = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(claims.user_id),
            "sid": str(claims.session_id),
            "jti": str(claims.token_id),
            "iat": _seconds(claims.issued_at),
            "exp": _seconds(claims.expires_at),
        }
        return _JWT.encode(told, self._keys[0], algorithm=ALGORITHM, headers={"typ": TYPE})

    def read(self, text: str) -> AccessClaims | None:
        """Return what a token says, if it is good now."""
        if len(text) > LONGEST or not _canonical(text):
            return None
        told = next((told for key in self._keys if (told := _told(text, key)) is not None), None)
        claims = None if told is None else _claims(told)
        return claims if claims is not None and self._is_now(claims) else None

    def _is_now(self, claims: AccessClaims) -> bool:
        now = self._clock.now()
        return claims.issued_at - SKEW <= now < claims.expires_at


def _told(text: str, key: bytes) -> dict[str, Any] | None:
    # Times are judged by our clock, further down. Nothing in the header chooses a key or an algorithm.
    options: Any = {"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        whole = _JWT.decode_complete(
            text, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options=options
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return None
    if whole["header"] != {"alg": ALGORITHM, "typ": TYPE}:
        return None
    payload: dict[str, Any] = whole["payload"]
    return payload


def _claims(told: dict[str, Any]) -> AccessClaims | None:
    if told.keys() != set(REQUIRED) or told["aud"] != AUDIENCE:
        return None
    user_id, session_id, token_id = (_id(told[name]) for name in ("sub", "sid", "jti"))
    issued_at, expires_at = (_instant(told[name]) for name in ("iat", "exp"))
    if user_id is None or session_id is None or token_id is None or issued_at is None or expires_at is None:
        return None
    return AccessClaims(user_id, session_id, token_id, issued_at, expires_at)


def _id(text: object) -> UUID | None:
    try:
        found = UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and str(found) == text else None


def _instant(number: object) -> datetime | None:
    if type(number) is not int:
        return None
    try:
        return _EPOCH + timedelta(seconds=number)
    except OverflowError:
        return None


def _seconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(seconds=1)


def _canonical(text: str) -> bool:
    """Tell whether each part is written in the one way in which base64url writes its bytes.

    Other spellings would be other tokens of the same content: no list of tokens could be trusted.
    """
    parts = text.split(".")
    return len(parts) == 3 and all(_PART.fullmatch(part) and _is_canonical(part) for part in parts)


def _is_canonical(part: str) -> bool:
    try:
        return _text(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) == part
    except ValueError:
        return False


@attrs.frozen
class SignedRefreshTokens:
    """`RefreshTokens`, `er_<session>_<generation>_<signature>`. Nothing is stored that would let anybody write one."""

    _keys: tuple[bytes, ...] = attrs.field(repr=False, alias="secret_keys", converter=_for_refreshing)

    def write(self, claims: RefreshClaims) -> str:
        """Return the token, signed with the current key."""
        return _refresh(claims, self._keys[0])

    def read(self, text: str) -> RefreshClaims | None:
        """Return what a token says."""
        found = _REFRESH.fullmatch(text)
        if found is None:
            return None
        claims = RefreshClaims(UUID(found[1]), int(found[2]))
        # The signature is compared as it is written, so there is one way to write it.
        good = [hmac.compare_digest(_refresh(claims, key), text) for key in self._keys]
        return claims if any(good) else None


def _refresh(claims: RefreshClaims, key: bytes) -> str:
    named = f"er_{claims.session_id.hex}_{claims.generation}"
    return f"{named}_{_text(hmac.digest(key, named.encode('ascii'), 'sha256'))}"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
