"""API keys over HTTP: people manage their own, admins everybody's."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role

PATH = "/api/v1/api-keys"
ANY = {"if-match": "*"}


@pytest.fixture
async def person(api: Caller, world: World) -> Caller:
    """Give a member who has logged in."""
    return api.with_key(await world.token_of(world.member))


@pytest.fixture
async def admin(api: Caller, world: World) -> Caller:
    """Give an admin who has logged in."""
    return api.with_key(await world.token_of(await world.person(Role.ADMIN)))


async def made(caller: Caller, **wish: Any) -> tuple[str, str]:
    """Make a key; return its place and text."""
    answer = await caller.post(PATH, json={"name": "ci", **wish})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.json()["secret"]


async def works(api: Caller, key: str) -> bool:
    """Tell whether a key opens the door."""
    return bool((await api.with_key(key).get("/api/v1/me")).status_code == 200)


async def test_a_key_is_shown_once(person: Caller, world: World) -> None:
    """Its text in the answer to its making, and nowhere else, not in the audit log either."""
    place, text = await made(person, scopes=["jobs:write"], queues=["email.*"])
    got = await person.get(place)
    told = got.json()
    assert (told["name"], told["scopes"], told["queues"]) == ("ci", ["jobs:write"], ["email.*"])
    assert (told["user_id"], told["revoked"], told["last_used_at"]) == (str(world.member.id), False, None)
    assert await works(person, text)
    assert (await person.get(place)).json()["last_used_at"] is not None
    secret = text.split("_", 2)[2]
    everything = got.text + (await person.get(PATH)).text + str(world.store.audit) + str(world.store.keys)
    assert secret not in everything


async def test_a_key_never_exceeds_its_owner(person: Caller) -> None:
    """400 with the place, when it is made and when it is changed."""
    refused = await person.post(PATH, json={"name": "ci", "scopes": ["jobs:read", "admin"]})
    assert pointers(is_problem(refused, "invalid-api-key")) == ["/scopes"]
    place, _ = await made(person)
    refused = await person("PATCH", place, headers=ANY, json={"scopes": ["worker"]})
    assert pointers(is_problem(refused, "invalid-api-key")) == ["/scopes"]


async def test_a_key_makes_no_keys(person: Caller) -> None:
    """Unless it is an admin's with the scope for that: else a key that leaked would outlive its revocation."""
    _, text = await made(person)
    for method, path in (("GET", PATH), ("POST", PATH)):
        is_problem(await person.with_key(text)(method, path, **({"json": {}} if method == "POST" else {})), "forbidden")


async def test_only_admins_manage_keys_of_others(person: Caller, admin: Caller, world: World) -> None:
    """They make them, find them, and revoke them; to others they are not there."""
    owner = await world.person(Role.OPERATOR)
    refused = await person.post(PATH, json={"name": "x", "user_id": str(owner.id)})
    is_problem(refused, "forbidden")
    is_problem(await person.get(PATH, params={"user_id": str(owner.id)}), "forbidden")
    place, text = await made(admin, user_id=str(owner.id))
    listed = (await admin.get(PATH, params={"user_id": str(owner.id)})).json()["items"]
    assert [f"{PATH}/{key['id']}" for key in listed] == [place]
    mine = (await person.get(PATH)).json()["items"]
    assert {key["user_id"] for key in mine} == {str(world.member.id)}
    is_problem(await person.get(place), "not-found")
    is_problem(await person("DELETE", place), "not-found")
    assert await works(admin, text)
    assert (await admin("DELETE", place)).status_code == 204
    assert not await works(admin, text)
    unknown = {"name": "x", "user_id": "01890000-0000-7000-8000-000000000000"}
    is_problem(await admin.post(PATH, json=unknown), "not-found")


async def test_a_change_is_made_on_what_was_read(person: Caller, world: World) -> None:
    """Use is no change; a member that is null is taken away."""
    expires_at = (world.clock.now() + timedelta(hours=1)).isoformat()
    place, text = await made(person, expires_at=expires_at)
    etag = (await person.get(place)).headers["etag"]
    assert await works(person, text)
    is_problem(await person("PATCH", place, json={"name": "new"}), "precondition-required")
    edit = {"headers": {"if-match": etag}, "json": {"name": "new", "expires_at": None, "queues": ["a", "b"]}}
    changed = await person("PATCH", place, **edit)
    told = changed.json()
    assert (changed.status_code, told["name"], told["expires_at"], told["queues"]) == (200, "new", None, ["a", "b"])
    is_problem(await person("PATCH", place, **edit), "stale")
    is_problem(await person("DELETE", place, headers={"if-match": etag}), "stale")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"name": ""}, "invalid-body", "/name"),
        ({"name": "a\tb"}, "invalid-api-key", "/name"),
        ({"queues": ["UPPER"]}, "invalid-api-key", "/queues/0"),
        ({"queues": ["q"] * 101}, "invalid-body", "/queues"),
        ({"scopes": ["root"]}, "invalid-body", "/scopes/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid-api-key", "/expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "invalid-body", "/expires_at"),
        ({"secret_hash": "x"}, "invalid-body", "/secret_hash"),
        ({"user_id": "x"}, "invalid-body", "/user_id"),
    ],
)
async def test_what_is_wrong_is_told(
    person: Caller, world: World, body: dict[str, Any], code: str, pointer: str
) -> None:
    """With the place, and no key is made."""
    before = dict(world.store.keys)
    assert pointers(is_problem(await person.post(PATH, json={"name": "ci", **body}), code)) == [pointer]
    assert world.store.keys == before


async def test_a_rotated_key_has_two_secrets_for_a_while(person: Caller, world: World) -> None:
    """A day unless told otherwise; with no grace the old one ends at once."""
    place, first = await made(person)
    answer = await person.post(f"{place}/rotate")
    second = answer.json()["secret"]
    assert (answer.status_code, answer.json()["api_key"]["id"] in place) == (200, True)
    assert answer.json()["api_key"]["former_secret_until"] is not None
    assert [await works(person, key) for key in (first, second)] == [True, True]
    third = (await person.post(f"{place}/rotate", json={"grace_s": 0})).json()["secret"]
    assert [await works(person, key) for key in (first, second, third)] == [False, False, True]
    is_problem(await person.post(f"{place}/rotate", json={"grace_s": -1}), "invalid-body")
    assert [entry.act.action for entry in world.store.audit.values()].count("api-key.rotate") == 2


async def test_a_revoked_key_stays_revoked(person: Caller) -> None:
    """204 again and again; it can be neither changed nor rotated."""
    place, text = await made(person)
    for _ in range(2):
        assert (await person("DELETE", place)).status_code == 204
    assert not await works(person, text)
    assert (await person.get(place)).json()["revoked"]
    is_problem(await person("PATCH", place, headers=ANY, json={"name": "again"}), "key-revoked")
    is_problem(await person.post(f"{place}/rotate"), "key-revoked")


async def test_pages_join(person: Caller) -> None:
    """Each key once."""
    for number in range(3):
        await made(person, name=f"k{number}")
    first = (await person.get(PATH, params={"limit": "2"})).json()
    rest = (await person.get(PATH, params={"limit": "2", "after": first["next_after"]})).json()
    assert [key["name"] for key in first["items"] + rest["items"]] == ["test", "k0", "k1", "k2"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
