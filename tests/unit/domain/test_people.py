"""What holds of people and their keys."""

from datetime import timedelta

import pytest
from tests.builders import NOON, seconds

from equeue.domain.access import GRANTS, Role, Scope
from equeue.domain.account_errors import InvalidApiKey, InvalidUser
from equeue.domain.people import (
    GLOBS,
    KEY_LASTS,
    PASSWORD_BYTES,
    PASSWORD_CHARS,
    check_email,
    check_expiry,
    check_key,
    check_password,
    normal,
)

NO_SCOPES: frozenset[Scope] = frozenset()


@pytest.mark.parametrize(
    "email", ["a@b", "Ada.Lovelace+x@example.org", "ü@münchen.example", "@".join(("a" * 158, "b" * 161))]
)
def test_an_address_has_two_sides(email: str) -> None:
    """What is before and behind the at sign is the mail system's business."""
    check_email(email)


@pytest.mark.parametrize(
    "email", ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a\x00@b", "a@b\u2028", "a" * 160 + "@" + "b" * 160]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    """With a pointer to it."""
    with pytest.raises(InvalidUser) as refusal:
        check_email(email)
    assert [violation.pointer for violation in refusal.value.violations] == ["/email"]


@pytest.mark.parametrize("password", ["x" * PASSWORD_CHARS, "x" * PASSWORD_BYTES, "é" * 36, "correct horse battery"])
def test_passwords_have_bounds(password: str) -> None:
    """Twelve characters at least, 72 bytes at most, whatever they are."""
    check_password(password)


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("", "at least 12"),
        ("x" * (PASSWORD_CHARS - 1), "at least 12"),
        ("e\u0301" * 11, "at least 12"),
        ("x" * (PASSWORD_BYTES + 1), "72 bytes"),
        ("é" * 37, "72 bytes"),
        ("x" * 12 + "\x00", "NUL"),
        ("x" * 12 + "\ud800", "text"),
    ],
)
def test_what_bcrypt_would_cut_or_refuse_is_refused_first(password: str, word: str) -> None:
    """In words, and never with the password in them."""
    with pytest.raises(InvalidUser, match=word) as refusal:
        check_password(password, "/new_password")
    assert [violation.pointer for violation in refusal.value.violations] == ["/new_password"]
    assert not password or password not in str(refusal.value)


def test_a_password_is_composed() -> None:
    """Two keyboards that write the same sign differently write the same password."""
    assert normal("cafe\u0301") == normal("caf\u00e9")


@pytest.mark.parametrize("role", Role)
def test_a_key_never_exceeds_its_owner(role: Role) -> None:
    """All that the role grants may be given, and nothing beyond."""
    check_key("ci", role, GRANTS[role], ())
    for scope in set(Scope) - GRANTS[role]:
        with pytest.raises(InvalidApiKey, match=f"lacks {scope}"):
            check_key("ci", role, {Scope.JOBS_READ, scope}, ())


@pytest.mark.parametrize(
    ("name", "globs", "pointers"),
    [
        ("", (), ["/name"]),
        ("n" * 256, (), ["/name"]),
        ("a\nb", (), ["/name"]),
        ("ci", ("email.*", "", "UPPER", "a b"), ["/queues/1", "/queues/2", "/queues/3"]),
        ("ci", ("q" * 129,), ["/queues/0"]),
        ("ci", ("q",) * (GLOBS + 1), ["/queues"]),
        ("", ("[",), ["/name", "/queues/0"]),
    ],
)
def test_every_broken_rule_of_a_key_is_told(name: str, globs: tuple[str, ...], pointers: list[str]) -> None:
    """All at once, each with its place."""
    with pytest.raises(InvalidApiKey) as refusal:
        check_key(name, Role.ADMIN, NO_SCOPES, globs)
    assert [violation.pointer for violation in refusal.value.violations] == pointers


def test_a_key_at_its_bounds_is_good() -> None:
    """So that no rule is stricter than it says."""
    check_key("n" * 255, Role.MEMBER, NO_SCOPES, ("q" * 128, *("a?.*-_9",) * (GLOBS - 1)))
    for expires_at in (None, NOON + seconds(1), NOON + KEY_LASTS):
        check_expiry(expires_at, NOON)


@pytest.mark.parametrize("by", [timedelta(0), -seconds(1), KEY_LASTS + seconds(1)])
def test_a_key_expires_later_but_not_never(by: timedelta) -> None:
    """One that is made dead, or would outlive us all, is a mistake."""
    with pytest.raises(InvalidApiKey) as refusal:
        check_expiry(NOON + by, NOON)
    assert [violation.pointer for violation in refusal.value.violations] == ["/expires_at"]
