"""What holds of people and their keys: addresses, passwords, names, and that a key never exceeds its owner."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from .access import GRANTS, Role, Scope
from .account_errors import InvalidApiKey, InvalidUser
from .errors import Violation

EMAIL_CHARS = 320
PASSWORD_CHARS = 12
"""The shortest password."""
PASSWORD_BYTES = 72
"""The longest password in UTF-8: bcrypt reads no further."""

KEY_NAME_CHARS = 255
GLOBS = 100
GLOB_CHARS = 128
KEY_LASTS = timedelta(days=3_650)
LONGEST_GRACE = timedelta(days=30)
"""How long the old secret of a rotated key may stay good at most."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_GLOB = re.compile(r"[a-z0-9_.*?-]+")


def normal(password: str) -> str:
    """Return a password as it is hashed: composed (NFC), so that two keyboards write the same `é`."""
    return unicodedata.normalize("NFC", password)


def check_email(email: str) -> None:
    """Raise `InvalidUser` unless `email` can be an address."""
    if len(email) > EMAIL_CHARS or not email.isprintable() or not _EMAIL.fullmatch(email):
        detail = f"must be an address like ada@example.org, of at most {EMAIL_CHARS} characters"
        raise InvalidUser((Violation("/email", detail, "pattern"),))


def check_password(password: str, pointer: str = "/password") -> None:
    """Raise `InvalidUser` unless `password` can be one; `pointer` is where it was sent."""
    problem = next(_password_problems(normal(password)), None)
    if problem is not None:
        raise InvalidUser((Violation(pointer, problem, "length"),))


def _password_problems(password: str) -> Iterator[str]:
    if len(password) < PASSWORD_CHARS:
        yield f"must have at least {PASSWORD_CHARS} characters"
    try:
        size = len(password.encode())
    except UnicodeEncodeError:
        yield "must be text"
        return
    if size > PASSWORD_BYTES:
        yield f"must have at most {PASSWORD_BYTES} bytes in UTF-8 (it has {size}): bcrypt would not read the rest"
    if "\x00" in password:
        yield "must not hold NUL"


def check_key(name: str, owner: Role, scopes: Collection[Scope], queue_globs: Collection[str]) -> None:
    """Raise `InvalidApiKey` with every rule that a key's facts break."""
    violations = (*_name(name), *_scopes(owner, scopes), *_globs(queue_globs))
    if violations:
        raise InvalidApiKey(violations)


def check_expiry(expires_at: datetime | None, now: datetime) -> None:
    """Raise `InvalidApiKey` unless a key that is to expire does so later than `now`, and in a human lifetime."""
    if expires_at is not None and not now < expires_at <= now + KEY_LASTS:
        detail = f"must lie ahead, and at most {KEY_LASTS.days} days"
        raise InvalidApiKey((Violation("/expires_at", detail, "range"),))


def _name(name: str) -> Iterator[Violation]:
    if not 1 <= len(name) <= KEY_NAME_CHARS or not name.isprintable():
        yield Violation("/name", f"must be 1 to {KEY_NAME_CHARS} printable characters", "length")


def _scopes(owner: Role, scopes: Collection[Scope]) -> Iterator[Violation]:
    beyond = sorted(set(scopes) - GRANTS[owner])
    if beyond:
        detail = f"a key never exceeds its owner: a {owner} lacks {', '.join(beyond)}"
        yield Violation("/scopes", detail, "beyond-owner")


def _globs(globs: Collection[str]) -> Iterator[Violation]:
    if len(globs) > GLOBS:
        yield Violation("/queues", f"may be at most {GLOBS}", "length")
    for place, glob in enumerate(list(globs)[:GLOBS]):
        if len(glob) > GLOB_CHARS or not _GLOB.fullmatch(glob):
            yield Violation(f"/queues/{place}", f"must be 1 to {GLOB_CHARS} of a-z 0-9 _ . - * ?", "pattern")
