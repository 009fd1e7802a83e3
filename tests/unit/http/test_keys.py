"""API keys and whom they stand for."""

import base64
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World, a_world
from uuid_utils.compat import uuid7

from equeue.adapters.security.keys import ApiKeys, issue, parse, write
from equeue.application.ports.accounts import User
from equeue.application.recent_keys import FRESH_S
from equeue.domain.access import GRANTS, Role, Scope

USER = User(uuid7(), "a@example.org", Role.MEMBER)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_issued_key_is_read_back() -> None:
    """The text leads to the key it was issued with, and to no other secret."""
    key, text = issue(uuid7(), USER, "ci")
    presented = parse(text)
    assert presented is not None
    assert presented.key_id == key.id
    assert ApiKeys().same(presented, key.secret_hash)
    assert not ApiKeys().same(presented, issue(uuid7(), USER, "ci")[0].secret_hash)


def test_form_of_a_key() -> None:
    """`eq_<32 hex>_<43 characters of base64url>`, so that a scanner for secrets finds it."""
    _, text = issue(uuid7(), USER, "ci")
    prefix, key_id, secret = text.split("_", 2)
    assert (prefix, len(key_id), len(secret)) == ("eq", 32, 43)


def test_neither_key_nor_text_shows_the_secret() -> None:
    """What is printed of a key or of what was presented says nothing of the secret."""
    key, text = issue(uuid7(), USER, "ci")
    secret = base64.urlsafe_b64decode(text.rpartition("_")[2] + "=") if text.count("_") == 2 else b""
    shown = repr(key) + repr(parse(text))
    assert key.secret_hash.hex() not in shown
    assert repr(key.secret_hash) not in shown
    assert not secret or secret.hex() not in shown


def test_key_may_at_first_what_its_owners_role_allows() -> None:
    """Scopes that are not named are those of the role."""
    assert issue(uuid7(), USER, "ci")[0].scopes == GRANTS[Role.MEMBER]
    narrow = frozenset({Scope.JOBS_READ})
    assert issue(uuid7(), USER, "ci", scopes=narrow)[0].scopes == narrow


@given(st.uuids(), st.binary(min_size=32, max_size=32), st.integers(0, 78), st.characters())
def test_any_other_text_is_another_key_or_none(key_id: object, secret: bytes, place: int, char: str) -> None:
    """A key has one text: no character of it can be another one and still be the same key."""
    text = write(key_id, secret)  # type: ignore[arg-type]
    changed = text[:place] + char + text[place + 1 :]
    if changed != text:
        assert parse(changed) is None or parse(changed) != parse(text)


@given(st.binary(min_size=32, max_size=32))
def test_last_character_has_no_twin(secret: bytes) -> None:
    """Of the four texts that base64 would read as one secret three are refused."""
    text = write(uuid7(), secret)
    twins = [char for char in ALPHABET if parse(text[:-1] + char) == parse(text)]
    assert twins == [text[-1]]


@pytest.mark.parametrize("wrap", ["{} ", " {}", "{}\n", "{}=", "Eq{}", "{}\x00", "{}é"])
def test_what_surrounds_a_key_is_refused(wrap: str) -> None:
    """Only the canonical text is a key."""
    _, text = issue(uuid7(), USER, "ci")
    assert parse(wrap.format(text)) is None
    assert parse(text.upper()) is None


BAD_HEADERS = [
    None,
    "",
    "Bearer",
    "Bearer ",
    "Bearer nonsense",
    "Basic YTpi",
    "eq_0_0",
    "Bearer eq_" + "0" * 32 + "_" + "A" * 43,
    "Bearer  {}",
    "Bearer {} ",
    "Bearer {}=",
    "bearer eq_é",
]


@pytest.mark.parametrize("header", BAD_HEADERS)
async def test_request_without_a_good_key_is_refused(api: Caller, header: str | None) -> None:
    """401 with a challenge, whatever is wrong with the header."""
    headers = {} if header is None else {"authorization": header.format(api.key).encode("utf-8")}
    answer = await api.with_key(None).get("/api/v1/me", headers=headers)
    if header == "Bearer {} ":  # white space around a field's value is no part of it (RFC 9110)
        assert answer.status_code in {200, 401}
        return
    is_problem(answer, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_scheme_is_case_insensitive(api: Caller) -> None:
    """RFC 9110: `bearer` is `Bearer`."""
    answer = await api.with_key(None).get("/api/v1/me", headers={"authorization": f"bEARER {api.key}"})
    assert answer.status_code == 200


async def test_two_keys_at_once_are_refused(api: Caller) -> None:
    """A request acts as one; which one would be anybody's guess."""
    good = ("authorization", f"Bearer {api.key}")
    answer = await api.client.get("/api/v1/me", headers=[good, good])
    is_problem(answer, "unauthenticated")


async def test_bad_keys_are_not_told_apart(api: Caller, world: World) -> None:
    """Unknown, wrong, revoked, expired, of a disabled person: one answer, so that nobody learns which keys exist."""
    assert api.key is not None
    swapped = api.key[:-43] + ("B" if api.key[-43] != "B" else "C") + api.key[-42:]
    _, unknown = issue(uuid7(), world.member, "never stored")
    revoked = await world.key_of(world.member, revoked=True)
    expired = await world.key_of(world.member, expires_at=world.clock.now())
    disabled = await world.key_of(await world.person(Role.ADMIN, disabled=True))
    answers = [
        await api.with_key(key).get("/api/v1/me", headers={"x-request-id": "same"})
        for key in (swapped, unknown, revoked, expired, disabled, "eq_nonsense")
    ]
    is_problem(answers[0], "unauthenticated")
    assert {answer.content for answer in answers} == {answers[0].content}


async def test_key_is_good_until_it_expires() -> None:
    """Expiry is an instant: before it the key works, at it no more."""
    world = await a_world()
    key = await world.key_of(world.member, expires_at=world.clock.now() + timedelta(seconds=1))
    async with world.caller() as api:
        assert (await api.with_key(key).get("/api/v1/me")).status_code == 200
        world.clock.move(timedelta(seconds=1))
        is_problem(await api.with_key(key).get("/api/v1/me"), "unauthenticated")


async def test_key_never_exceeds_its_owner(api: Caller, world: World) -> None:
    """A member's key with every scope may what a member may."""
    key = await world.key_of(world.member, scopes=frozenset(Scope))
    me = (await api.with_key(key).get("/api/v1/me")).json()
    assert me["scopes"] == ["jobs:read", "jobs:write"]
    assert me["role"] == "member"


async def test_me_says_whom_the_key_acts_as(api: Caller, world: World) -> None:
    """The owner, the key and its queues."""
    key = await world.key_of(world.member, queue_globs=("email*",))
    me = (await api.with_key(key).get("/api/v1/me")).json()
    assert me["user_id"] == str(world.member.id)
    assert me["queues"] == ["email*"]
    assert key.startswith(f"eq_{me['key_id'].replace('-', '')}_")


async def test_demoted_owner_takes_the_key_along(api: Caller, world: World) -> None:
    """The role counts as it is, not as it was when the key was made; at other replicas before half a second is over."""
    operator = await world.person(Role.OPERATOR)
    key = api.with_key(await world.key_of(operator))
    assert "jobs:admin" in (await key.get("/api/v1/me")).json()["scopes"]
    demoted = attrs.evolve(operator, role=Role.MEMBER)
    world.store.users[operator.id] = demoted
    world.store.keys.update(
        {key_id: attrs.evolve(one, user=demoted) for key_id, one in world.store.keys.items() if one.user == operator}
    )
    world.clock.move(timedelta(seconds=FRESH_S))
    assert "jobs:admin" not in (await key.get("/api/v1/me")).json()["scopes"]
