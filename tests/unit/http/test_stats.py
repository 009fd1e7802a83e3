"""Statistics over HTTP: what is shown, to whom, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.builders import LEASE, OOPS, WORKER, a_birth, minutes, seconds
from tests.contract.world import decided
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.domain.access import Role, Scope
from equeue.domain.lease import ClaimOrder
from equeue.domain.outcomes import Discarded, Failed, Outcome, Succeeded

OVERVIEW, SERIES = "/api/v1/stats/overview", "/api/v1/stats/series"


async def enqueue(world: World, **facts: Any) -> None:
    """Store a job."""
    async with world.units_of_work() as unit:
        await unit.jobs.add([a_birth(**facts)])
        await unit.commit()


async def run(world: World, outcome: Outcome, **facts: Any) -> None:
    """Have a job of its own queue run for two seconds."""
    await enqueue(world, **facts)
    (claim,) = await world.leases.claim(ClaimOrder(WORKER, (facts.get("queue", "default"),), 1, LEASE))
    world.clock.move(seconds(2))
    await world.leases.settle([decided(claim, outcome)])


@pytest.fixture
async def busy(world: World) -> World:
    """Give a world in which a few jobs of two people came to all kinds of ends, two minutes ago."""
    await run(world, Succeeded(), queue="mail", owner=world.member.id)
    await run(world, Discarded(OOPS), queue="mail")
    await run(world, Failed(OOPS, retry_after=timedelta(hours=1)), queue="web", task="web.fetch")
    await enqueue(world, queue="web")
    world.clock.move(minutes(1))
    return world


async def as_role(world: World, api: Caller, role: Role, **facts: Any) -> Caller:
    """Return a caller with a key of somebody of that role."""
    return api.with_key(await world.key_of(await world.person(role), **facts))


async def test_overview_shows_everything_at_one_glance(busy: World) -> None:
    """Tiles, an hour by minutes, latencies, queues, errors."""
    async with busy.caller() as api:
        seen = (await (await as_role(busy, api, Role.VIEWER)).get(OVERVIEW)).json()
    assert {name: tile["value"] for name, tile in seen["tiles"].items() if isinstance(tile, dict)} == {
        "ready": 1,
        "scheduled": 1,
        "running": 0,
        "retrying": 1,
    }
    assert [seen["tiles"][name] for name in ("dead", "enqueued_per_minute", "done_per_minute")] == [1, 4, 2]
    assert len(seen["history"]) == 60
    assert sum(point["failed"] for point in seen["history"]) == 2
    run_ = seen["latency"]["run"]
    assert run_["count"] == 3
    assert 1.7 <= run_["p50_s"] <= run_["p99_s"] <= 2.4
    assert [(queue["name"], queue["dead"]) for queue in seen["queues"]] == [("web", 0), ("mail", 1)]
    assert seen["queues"][0]["oldest_ready_s"] == 60.0
    assert [(group["jobs"], group["queues"]) for group in seen["errors"]] == [(1, ["mail"])]
    assert seen["stuck"] == []


async def test_a_member_sees_own_figures_only(busy: World) -> None:
    """What another did, and in which queues, is nobody else's."""
    async with busy.caller() as api:
        seen = (await api.get(OVERVIEW)).json()
        points = (await api.get(SERIES)).json()["items"]
        web = await api.get("/api/v1/queues/web/stats")
    assert sum(point["enqueued"] for point in seen["history"]) == sum(point["enqueued"] for point in points) == 1
    assert (seen["queues"], seen["errors"], seen["tiles"]["dead"]) == ([], [], 0)
    is_problem(web, "not-found")


async def test_a_key_sees_the_figures_of_its_queues(busy: World) -> None:
    """In each of the three, and no queue beyond them."""
    async with busy.caller() as all_keys:
        api = await as_role(busy, all_keys, Role.VIEWER, queue_globs=("ma*",))
        seen = (await api.get(OVERVIEW)).json()
        points = (await api.get(SERIES, params={"queue": "web"})).json()["items"]
        is_problem(await api.get("/api/v1/queues/web/stats"), "not-found")
    assert [queue["name"] for queue in seen["queues"]] == ["mail"]
    assert sum(point["enqueued"] for point in seen["history"]) == 2
    assert sum(point["enqueued"] for point in points) == 0


async def test_a_key_without_the_scope_sees_nothing(busy: World) -> None:
    """`stats:read` or `jobs:read` it takes."""
    async with busy.caller() as api:
        for scope, status in ((Scope.STATS_READ, 200), (Scope.JOBS_READ, 200), (Scope.JOBS_WRITE, 403)):
            key = await as_role(busy, api, Role.ADMIN, scopes=frozenset({scope}))
            assert (await key.get(OVERVIEW)).status_code == status


async def test_what_fires_next_is_shown(world: World) -> None:
    """Soonest first, without what is paused; to each what they may see of schedules, and of the queues asked for."""
    async with world.caller() as api:
        operator, viewer = [await as_role(world, api, role) for role in (Role.OPERATOR, Role.VIEWER)]
        for name, every_s, queue in (("slow", 3_600, "mail"), ("quick", 60, "web"), ("still", 1, "web")):
            form = {"name": name, "every_s": every_s, "job": {"task": "a.b", "queue": queue}}
            assert (await operator.post("/api/v1/schedules", json=form)).status_code == 201
        await operator.post("/api/v1/schedules/still/pause")
        (first, second) = (await viewer.get(OVERVIEW)).json()["schedules"]
        assert (first["name"], first["words"], first["task"]) == ("quick", "Every minute", "a.b")
        assert (first["next_at"], second["name"]) == ("2026-01-01T00:01:00.000000Z", "slow")
        asked = (await viewer.get(OVERVIEW, params={"queue": "mail"})).json()["schedules"]
        assert [each["name"] for each in asked] == ["slow"]
        of_figures = await as_role(world, api, Role.ADMIN, scopes=frozenset({Scope.STATS_READ}))
        of_mail = await as_role(world, api, Role.VIEWER, queue_globs=("ma*",))
        seen = [(await caller.get(OVERVIEW)).json()["schedules"] for caller in (api, of_figures, of_mail)]
        assert [[each["name"] for each in each_sees] for each_sees in seen] == [[], [], ["slow"]]


async def test_stuck_jobs_are_shown(world: World) -> None:
    """With who holds them and for how long they are overdue."""
    await enqueue(world)
    await world.leases.claim(ClaimOrder(WORKER, ("default",), 1, LEASE))
    world.clock.move(LEASE + seconds(5))
    async with world.caller() as api:
        (stuck,) = (await (await as_role(world, api, Role.VIEWER)).get(OVERVIEW)).json()["stuck"]
    assert (UUID(stuck["worker_id"]), stuck["overdue_s"]) == (WORKER, 5.0)


async def test_series_goes_step_by_step(busy: World) -> None:
    """Of some queues and tasks, in minutes or hours, with a point also where nothing happened."""
    async with busy.caller() as api:
        viewer = await as_role(busy, api, Role.VIEWER)
        one = (await viewer.get(SERIES, params={"queue": ["web", "none"], "task": "web.fetch"})).json()
        hours = (await viewer.get(SERIES, params={"step": "hour"})).json()
        since = {"since": "2026-01-01T00:00:30Z", "until": "2026-01-01T00:01:00Z"}
        span = (await viewer.get(SERIES, params=since)).json()
    assert [sum(point[name] for point in one["items"]) for name in ("enqueued", "failed", "retried")] == [1, 1, 1]
    assert (hours["step"], len(hours["items"]), hours["items"][-1]["enqueued"]) == ("hour", 24, 4)
    assert [point["at"][11:16] for point in span["items"]] == ["00:00"]
    assert [point["enqueued"] for point in span["items"]] == [4]


@pytest.mark.parametrize(
    "query",
    [
        {"step": "second"},
        {"since": "yesterday"},
        {"since": "2025-12-30T00:00:00Z"},
        {"since": "2025-12-31T00:30:00Z"},
        {"since": "2025-12-30T23:58:00Z", "until": "2025-12-31T01:00:00Z"},
        {"since": "2025-01-01T00:00:00Z", "step": "hour"},
        {"since": "2025-09-01T00:00:00Z", "until": "2025-09-20T00:00:00Z", "step": "hour"},
        {"since": "2026-01-01T00:00:00Z", "until": "2025-12-31T00:00:00Z"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "0001-01-01T00:00:00Z"},
        {"since": "2025-12-20T00:00:00Z", "until": "9999-12-31T23:59:59-14:00"},
    ],
    ids=str,
)
async def test_ranges_that_nobody_keeps_are_refused(world: World, query: dict[str, str]) -> None:
    """Too many steps, none, steps that are kept no more, and what is no time at all."""
    async with world.caller() as api:
        is_problem(await api.get(SERIES, params=query), "invalid-parameter")


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
async def test_a_series_ends_now_at_the_latest(busy: World, until: str) -> None:
    """Whatever was asked for."""
    async with busy.caller() as api:
        told = (await api.get(SERIES, params={"until": until, "since": "2026-01-01T00:00:00Z"})).json()
    assert [point["at"][11:16] for point in told["items"]] == ["00:00", "00:01"]


async def test_a_queue_without_any_figures_is_shown_if_somebody_speaks_of_it(busy: World) -> None:
    """404 for a name that nobody ever used."""
    async with busy.caller() as api:
        viewer = await as_role(busy, api, Role.VIEWER)
        mail = (await viewer.get("/api/v1/queues/mail/stats")).json()
        assert (mail["name"], mail["dead"], mail["latency"]["wait"]["count"]) == ("mail", 1, 2)
        await busy.declare("some.task")
        assert (await viewer.get("/api/v1/queues/default/stats")).json()["ready"] == {"value": 0, "capped": False}
        is_problem(await viewer.get("/api/v1/queues/never.seen/stats"), "not-found")
        is_problem(await viewer.get("/api/v1/queues/NO!/stats"), "not-found")
