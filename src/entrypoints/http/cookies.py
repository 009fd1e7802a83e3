"""The refresh cookie: out of reach of scripts, sent to the session's routes alone, and never from another site."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from .endpoint import API
from .problems import Problem

REFRESH = "equeue_refresh"
PATH = f"{API}/auth"
_OURS = frozenset({"same-origin", "none"})


def set_refresh(token: str, lasts: timedelta, *, secure: bool) -> dict[str, str]:
    """Return the header that leaves `token` with the browser for as long as the session may last."""
    return _header(f"{REFRESH}={token}; Max-Age={int(lasts.total_seconds())}", secure=secure)


def clear_refresh(*, secure: bool) -> dict[str, str]:
    """Return the header that takes the token away."""
    return _header(f"{REFRESH}=; Max-Age=0", secure=secure)


def refresh_token(headers: Mapping[str, str]) -> str | None:
    """Return the refresh token that came along; `None` for none, or for two: nobody knows whose the other is."""
    found = [value for name, value in _pairs(headers.get("cookie", "")) if name == REFRESH]
    return found[0] if len(found) == 1 else None


def refuse_other_sites(headers: Mapping[str, str]) -> None:
    """Raise `Problem` if a browser says that a page elsewhere sent this; browsers too old to say keep the cookie."""
    if headers.get("sec-fetch-site", "none").lower() not in _OURS:
        raise Problem("cross-site", "A page of another site sent this request.")


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        yield name, value


def _header(cookie: str, *, secure: bool) -> dict[str, str]:
    return {"Set-Cookie": f"{cookie}; Path={PATH}; HttpOnly; SameSite=Strict{'; Secure' if secure else ''}"}
