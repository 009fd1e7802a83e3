"""The system over HTTP: for admins alone."""

from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role

PATH = "/api/v1/system"


async def test_an_admin_sees_the_system(api: Caller, world: World) -> None:
    """Versions, tables, what holds vacuum back, and what carries hints."""
    admin = api.with_key(await world.key_of(await world.person(Role.ADMIN)))
    seen = (await admin.get(PATH)).json()
    assert seen["queue"] == {"backend": "memory", "ok": True, "detail": "", "troubles": 0, "dropped": 0}
    assert seen["database"]["vacuum_held_by"] == []
    (jobs,) = (table for table in seen["database"]["tables"] if table["name"] == "jobs")
    assert (jobs["live_rows"], jobs["dead_rows"], jobs["index_bytes"], jobs["indexes"]) == (0, 0, 0, [])
    assert seen["version"]


async def test_nobody_else_does(api: Caller, world: World) -> None:
    """An operator steers jobs, not the database."""
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    is_problem(await operator.get(PATH), "forbidden")
