"""People over HTTP, for admins."""

import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.domain.access import Role

PATH = "/api/v1/users"
EMAIL, PASSWORD = "ada@example.org", "correct horse battery"


@pytest.fixture
async def admin(api: Caller, world: World) -> Caller:
    """Give an admin who has logged in."""
    return api.with_key(await world.token_of(await world.person(Role.ADMIN)))


async def test_a_person_is_made_changed_and_disabled(admin: Caller, world: World) -> None:
    """201 with the place; each change on what was read; the audit log tells who did it in which request."""
    made = await admin.post(PATH, json={"email": EMAIL, "role": "operator", "password": PASSWORD})
    assert made.status_code == 201
    place, told = made.headers["location"], made.json()
    assert place == f"{PATH}/{told['id']}"
    assert (told["email"], told["role"], told["disabled"], told["has_password"]) == (EMAIL, "operator", False, True)
    assert PASSWORD not in made.text
    got = await admin.get(place)
    assert (got.json(), got.headers["etag"]) == (told, '"0"')
    edit = {"headers": {"if-match": got.headers["etag"]}, "json": {"role": "viewer"}}
    changed = await admin("PATCH", place, **edit)
    assert (changed.status_code, changed.json()["role"], changed.headers["etag"]) == (200, "viewer", '"1"')
    is_problem(await admin("PATCH", place, **edit), "stale")
    is_problem(await admin("PATCH", place, json={"role": "viewer"}), "precondition-required")
    is_problem(await admin("DELETE", place, headers={"if-match": '"0"'}), "stale")
    assert (await admin("DELETE", place)).status_code == 204
    assert (await admin.get(place)).json()["disabled"]
    entries = [entry.act for entry in world.store.audit.values() if entry.act.target_id == told["id"]]
    assert [act.action for act in entries] == ["user.create", "user.change", "user.change"]
    assert all(act.actor.user_id and act.actor.request_id for act in entries)
    assert entries[-1].after == {"disabled": True}


async def test_an_address_is_taken_once(admin: Caller) -> None:
    """409, whatever its case."""
    assert (await admin.post(PATH, json={"email": EMAIL})).status_code == 201
    is_problem(await admin.post(PATH, json={"email": EMAIL.upper()}), "email-taken")


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"email": "ada"}, "invalid-user", "/email"),
        ({"email": "a\nb@c"}, "invalid-user", "/email"),
        ({"email": EMAIL, "password": "short"}, "invalid-user", "/password"),
        ({"email": EMAIL, "password": "é" * 40}, "invalid-user", "/password"),
        ({"email": EMAIL, "password": "x" * 73}, "invalid-body", "/password"),
        ({"email": EMAIL, "role": "root"}, "invalid-body", "/role"),
        ({"email": EMAIL, "id": str(uuid7())}, "invalid-body", "/id"),
        ({"email": EMAIL, "password_hash": "x"}, "invalid-body", "/password_hash"),
        ({}, "invalid-body", "/email"),
    ],
)
async def test_what_is_wrong_is_told(
    admin: Caller, world: World, body: dict[str, str], code: str, pointer: str
) -> None:
    """With the place, and nobody is made."""
    before = dict(world.store.users)
    assert pointers(is_problem(await admin.post(PATH, json=body), code)) == [pointer]
    assert world.store.users == before


async def test_the_last_admin_stays(admin: Caller, world: World) -> None:
    """409, for oneself as for another, until there is a second one."""
    me = (await admin.get("/api/v1/me")).json()["user_id"]
    any_version = {"if-match": "*"}
    for edit in ({"role": "operator"}, {"disabled": True}):
        is_problem(await admin("PATCH", f"{PATH}/{me}", headers=any_version, json=edit), "last-admin")
    is_problem(await admin("DELETE", f"{PATH}/{me}"), "last-admin")
    await world.person(Role.ADMIN)
    assert (await admin("DELETE", f"{PATH}/{me}")).status_code == 204
    is_problem(await admin.get("/api/v1/me"), "unauthenticated")


async def test_pages_join(admin: Caller, world: World) -> None:
    """Each person once, in the order in which they were made."""
    everybody = sorted([*world.store.users, (await world.person(Role.MEMBER)).id])
    seen: list[str] = []
    params: dict[str, str] = {"limit": "2"}
    while True:
        page = (await admin.get(PATH, params=params)).json()
        seen += [person["id"] for person in page["items"]]
        if not page["has_more"]:
            break
        params["after"] = page["next_after"]
    assert (seen, page["next_after"]) == ([str(user_id) for user_id in everybody], None)
    is_problem(await admin.get(PATH, params={"after": "x"}), "invalid-parameter")


@pytest.mark.parametrize(
    "name", ["x", str(uuid7()), str(uuid7()).replace("-", ""), "%00"], ids=["word", "random", "not-canonical", "nul"]
)
async def test_nobody_is_404(admin: Caller, name: str) -> None:
    """What is no id names nobody."""
    is_problem(await admin.get(f"{PATH}/{name}"), "not-found")
    is_problem(await admin("DELETE", f"{PATH}/{name}"), "not-found")
