"""The API's page of metrics, and what autoscalers are told."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

from equeue.application.ports.metering import OF_API
from equeue.application.readiness import Check, Readiness
from equeue.domain.access import Role, Scope
from equeue.domain.limits import QueueLimits
from equeue.domain.queue import QueueSettings

SCALING = "/api/v1/stats/scaling"


@pytest.fixture
async def scaler(world: World) -> AsyncIterator[Caller]:
    """Give a caller with a key that may read numbers and nothing else."""
    viewer = await world.person(Role.VIEWER)
    key = await world.key_of(viewer, scopes=frozenset({Scope.STATS_READ}))
    async with world.caller() as caller:
        yield caller.with_key(key)


async def shown(api: Caller) -> dict[str, Metric]:
    """Return the families of the page, as Prometheus's own parser reads them."""
    answer = await api.with_key(None).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    """Return one sample."""
    samples = [sample for family in families.values() for sample in family.samples]
    (found,) = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
    return found


async def jobs(api: Caller, count: int, queue: str = "mail") -> None:
    """Enqueue jobs."""
    for _ in range(count):
        answer = await api.post("/api/v1/jobs", json={"task": "mail.send", "queue": queue})
        assert answer.status_code == 201


async def test_page_is_complete_and_parses(api: Caller) -> None:
    """Every family of the API is there, with its kind and its meaning."""
    families = await shown(api)

    for family in OF_API:
        read = families[family.name.removesuffix("_total")]
        assert (read.type, read.documentation) == (family.kind, family.meaning)


async def test_requests_are_counted_by_route_and_never_by_path(api: Caller) -> None:
    """What callers make up makes no series; ids in paths do not either."""
    before = await shown(api)
    await jobs(api, 2)
    for made_up in ("a", "b"):
        await api.get(f"/nowhere/{made_up}")
        await api.get(f"/api/v1/jobs/{made_up}")
    families = await shown(api)

    routes = {sample.labels["route"] for sample in families["equeue_http_requests"].samples}
    assert not any("nowhere" in route for route in routes)
    assert "/api/v1/jobs/{job_id:str}" in routes
    enqueued = {"method": "POST", "route": "/api/v1/jobs", "status": "201"}
    known = [s for s in before["equeue_http_requests"].samples if s.labels == enqueued]
    grown = value(families, "equeue_http_requests_total", **enqueued) - (known[0].value if known else 0)
    assert grown == 2


async def test_waiting_and_dead_jobs_are_shown_by_queue(api: Caller, world: World) -> None:
    """As they are in the database now."""
    await jobs(api, 3)
    world.clock.move(timedelta(seconds=40))

    families = await shown(api)

    assert value(families, "equeue_jobs_ready", queue="mail") == 3
    assert value(families, "equeue_oldest_ready_seconds", queue="mail") == pytest.approx(40)
    assert value(families, "equeue_database_up") == 1


async def test_database_that_is_away_is_a_number(api: Caller, world: World) -> None:
    """The page comes all the same: it is what alarms."""
    away = Check(ok=False, detail="away")
    world.readiness = Readiness(away, away, Check(ok=True))

    families = await shown(api)

    assert value(families, "equeue_database_up") == 0
    assert not families["equeue_jobs_ready"].samples


async def test_autoscaler_gets_flat_numbers(api: Caller, scaler: Caller) -> None:
    """What waits, and how many workers it takes."""
    await jobs(api, 30)

    answer = await scaler.get(SCALING, params={"queue": "mail", "slots": 2, "target_wait_s": 5})

    assert answer.status_code == 200
    told = answer.json()
    assert (told["ready"], told["running"]) == (30, 0)
    assert 1 <= told["desired"] <= 15


async def test_limits_and_pauses_are_counted_in(api: Caller, world: World, scaler: Caller) -> None:
    """No worker is asked for that would find nothing to start."""
    await jobs(api, 300)
    asked = {"queue": "mail", "slots": 1, "target_wait_s": 1}
    assert (await scaler.get(SCALING, params=asked)).json()["desired"] > 100

    for limits, desired in ((QueueLimits(max_running=3), 3), (QueueLimits(max_running_per_key=1, max_running=7), 7)):
        async with world.units_of_work() as unit:
            await unit.queues.put("mail", QueueSettings(limits=limits))
            await unit.commit()
        assert (await scaler.get(SCALING, params=asked)).json()["desired"] == desired


async def test_a_queues_own_target_counts(api: Caller, world: World, scaler: Caller) -> None:
    """Whatever the autoscaler asks for: its word is for queues that have none of their own."""
    await jobs(api, 300)
    asked = {"queue": "mail", "slots": 1}
    hurried = (await scaler.get(SCALING, params=asked | {"target_wait_s": 4})).json()["desired"]
    async with world.units_of_work() as unit:
        await unit.queues.put("mail", QueueSettings(target_wait=timedelta(seconds=4)))
        await unit.commit()

    for target in (4, 40):
        assert (await scaler.get(SCALING, params=asked | {"target_wait_s": target})).json()["desired"] == hurried


@pytest.mark.parametrize("query", ["slots=0", "slots=20.5", "target_wait_s=0", "queue=UP", "quue=mail"])
async def test_bad_questions_are_refused(scaler: Caller, query: str) -> None:
    """A typo must not scale all queues."""
    is_problem(await scaler.get(f"{SCALING}?{query}"), "invalid-parameter")


async def test_a_key_for_some_queues_asks_about_them_alone(world: World, scaler: Caller) -> None:
    """It names them; of all it would learn about others'."""
    viewer = await world.person(Role.VIEWER)
    confined = scaler.with_key(await world.key_of(viewer, scopes=frozenset({Scope.STATS_READ}), queue_globs=("mail",)))

    assert (await confined.get(SCALING, params={"queue": "mail"})).status_code == 200
    is_problem(await confined.get(SCALING, params={"queue": "reports"}), "forbidden")
    is_problem(await confined.get(SCALING), "forbidden")
