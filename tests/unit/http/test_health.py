"""Liveness and readiness."""

from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World, a_world

from equeue.application.readiness import Check, Readiness

OK = Check(ok=True)


async def test_live_touches_nothing(log: list[dict[str, object]]) -> None:
    """Whatever is broken behind it, a process whose loop turns is alive; and probes do not fill its log."""
    world = await a_world()
    for part in ("ready", "reads", "units_of_work", "authenticate", "enqueue", "manage"):
        object.__setattr__(world.services, part, None)
    async with world.caller() as api:
        answer = await api.with_key(None).get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert [entry["log_level"] for entry in log] == ["debug"]


async def test_ready_names_its_checks(api: Caller) -> None:
    """200 and what was looked at."""
    answer = await api.with_key(None).get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert set(answer.json()["checks"]) == {"database", "schema", "queue"}


async def test_queue_away_is_degraded_but_ready(api: Caller, world: World) -> None:
    """Hints are not needed to take work."""
    world.readiness = Readiness(OK, OK, Check(ok=False, detail="redis does not answer"))
    answer = await api.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["checks"]["queue"] == {"ok": False, "detail": "redis does not answer"}


async def test_database_or_schema_missing_is_not_ready(api: Caller, world: World) -> None:
    """503 says what is wrong and what helps."""
    bad = Check(ok=False, detail="run `equeue migrate up`")
    for readiness in (Readiness(bad, OK, OK), Readiness(OK, bad, OK)):
        world.readiness = readiness
        refusal = is_problem(await api.get("/health/ready"), "not-ready")
        assert "equeue migrate up" in refusal["detail"]


async def test_draining_process_is_not_ready_but_alive() -> None:
    """At shutdown readiness falls first, while requests are still answered."""
    world = await a_world()
    world.services.drain.begin()
    async with world.caller() as api:
        is_problem(await api.get("/health/ready"), "not-ready")
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get("/api/v1/me")).status_code == 200
