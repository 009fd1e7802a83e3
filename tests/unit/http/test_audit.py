"""The audit log over HTTP: for admins alone, page by page."""

import pytest
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role
from equeue.domain.audit import Act, Actor

PATH = "/api/v1/audit"


@pytest.fixture
async def admin(api: Caller, world: World) -> Caller:
    """Give a caller with an admin's key."""
    return api.with_key(await world.key_of(await world.person(Role.ADMIN)))


async def recorded(world: World, *targets: str, action: str = "queue.set") -> None:
    """Write entries of the member's."""
    actor = Actor(world.member.id, None, "request-1")
    async with world.units_of_work() as unit:
        await unit.audit.record(
            [
                Act(actor=actor, action=action, target_kind="queue", target_id=target, after={"max": 1, "on": True})
                for target in targets
            ]
        )
        await unit.commit()


async def test_an_entry_tells_who_did_what_to_what(admin: Caller, world: World) -> None:
    """With the request that it was done in, and the facts that changed."""
    await recorded(world, "mail")
    (entry,) = (await admin.get(PATH)).json()["items"]
    assert entry.pop("id")
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "actor": {"kind": "user", "user_id": str(world.member.id), "key_id": None},
        "request_id": "request-1",
        "action": "queue.set",
        "target_kind": "queue",
        "target_id": "mail",
        "before": {},
        "after": {"max": 1, "on": True},
    }


async def test_only_admins_may_read_it(api: Caller, world: World) -> None:
    """Not even operators."""
    for role in (Role.MEMBER, Role.VIEWER, Role.OPERATOR):
        is_problem(await api.with_key(await world.key_of(await world.person(role))).get(PATH), "forbidden")


async def test_pages_join_and_filters_narrow(admin: Caller, world: World) -> None:
    """Newest first, each once."""
    await recorded(world, "a", "b", "c")
    await recorded(world, "d", action="queue.unset")
    first = (await admin.get(PATH, params={"limit": "3"})).json()
    rest = (await admin.get(PATH, params={"limit": "3", "cursor": first["next_cursor"]})).json()
    assert [each["target_id"] for each in first["items"] + rest["items"]] == ["d", "c", "b", "a"]
    assert (first["has_more"], rest["has_more"], rest["next_cursor"]) == (True, False, None)
    for params, targets in (
        ({"action": "queue.unset"}, ["d"]),
        ({"target_kind": "queue", "target_id": "b"}, ["b"]),
        ({"user_id": "00000000-0000-7000-8000-000000000000"}, []),
    ):
        found = (await admin.get(PATH, params=params)).json()["items"]
        assert [each["target_id"] for each in found] == targets
    back = (await admin.get(PATH, params={"limit": "3", "cursor": rest["prev_cursor"]})).json()
    assert (back["items"], back["prev_cursor"]) == (first["items"], None)
    other = {"action": "queue.unset", "cursor": first["next_cursor"]}
    is_problem(await admin.get(PATH, params=other), "cursor-mismatch")
    for params in ({"before": "x"}, {"user_id": "x"}, {"limit": "0"}, {"actor": "x"}):
        is_problem(await admin.get(PATH, params=params), "invalid-parameter")
