"""POST /api/v1/jobs/bulk."""

import json
from typing import Any

import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World, a_world

from equeue.application.enqueue import EnqueueRules

BULK = "/api/v1/jobs/bulk"
PARTIAL = f"{BULK}?mode=partial"
NDJSON = {"content-type": "application/x-ndjson"}


def outcomes(answer: Any) -> list[str]:
    """Return what came of each job."""
    return [item["outcome"] for item in answer.json()["items"]]


async def test_bulk_stores_all_in_order(api: Caller) -> None:
    """201 with one item a job, in the order sent."""
    answer = await api.post(BULK, json={"jobs": [{"task": f"t{n}"} for n in range(5)]})
    assert answer.status_code == 201
    assert [item["job"]["task"] for item in answer.json()["items"]] == [f"t{n}" for n in range(5)]


async def test_ndjson_is_a_job_a_line(api: Caller) -> None:
    """Lines are jobs, with either line end; empty lines are nothing."""
    answer = await api.post(BULK, content=b'{"task":"a"}\r\n\n{"task":"b"}\n', headers=NDJSON)
    assert [item["job"]["task"] for item in answer.json()["items"]] == ["a", "b"]


@pytest.mark.parametrize("as_lines", [False, True], ids=["json", "ndjson"])
async def test_one_bad_job_keeps_all_out(api: Caller, world: World, *, as_lines: bool) -> None:
    """None is stored, and every fault is pointed at."""
    jobs = [{"task": "a"}, {"task": "b", "qeue": "x"}, {"task": "c", "tags": [""]}, {"task": 4}]
    if as_lines:
        body = "\n".join(json.dumps(job) for job in jobs)
        answer = await api.post(BULK, content=body, headers=NDJSON)
    else:
        answer = await api.post(BULK, json={"jobs": jobs})
    assert answer.status_code == 400
    assert pointers(is_problem(answer)) == ["/jobs/1/qeue", "/jobs/3/task"]
    assert world.store.jobs == {}


async def test_broken_rules_are_pointed_at_by_place(api: Caller, world: World) -> None:
    """What is well formed but out of bounds is found too."""
    jobs = [{"task": "a"}, {"task": "b", "tags": [""]}, {"task": "c", "unique": {"key": ""}}]
    refusal = is_problem(await api.post(BULK, json={"jobs": jobs}), "invalid-job")
    assert pointers(refusal) == ["/jobs/1/tags/0", "/jobs/2/unique/key"]
    assert world.store.jobs == {}


async def test_conflict_keeps_all_out(api: Caller, world: World) -> None:
    """All or none: a job that wants to be refused for its unique key refuses the bulk."""
    await api.post("/api/v1/jobs", json={"task": "a", "unique": {"key": "k"}})
    jobs = [{"task": "b"}, {"task": "a", "unique": {"key": "k", "on_conflict": "reject"}}]
    refusal = is_problem(await api.post(BULK, json={"jobs": jobs}), "unique-conflict")
    assert pointers(refusal) == ["/jobs/1"]
    assert len(world.store.jobs) == 1


async def test_existing_jobs_are_no_failure(api: Caller) -> None:
    """A job content with the holder of its key is answered with it; 200 if nothing new came of the bulk."""
    jobs = [{"task": "a", "unique": {"key": "k"}}] * 2
    first = await api.post(BULK, json={"jobs": jobs})
    assert (first.status_code, outcomes(first)) == (201, ["created", "existing"])
    second = await api.post(BULK, json={"jobs": jobs})
    assert (second.status_code, outcomes(second)) == (200, ["existing", "existing"])


async def test_partial_answers_for_each() -> None:
    """200; each job is stored or told why not, and one's fault is not another's."""
    world = await a_world(rules=EnqueueRules(payload_bytes=50))
    async with world.caller() as api:
        await api.post("/api/v1/jobs", json={"task": "a", "unique": {"key": "k"}})
        jobs: list[Any] = [
            {"task": "a"},
            {"task": "No"},
            {"task": "a", "tags": [""]},
            {"task": "a", "payload": {"x": "y" * 50}},
            {"task": "a", "unique": {"key": "k", "on_conflict": "reject"}},
            {"task": "a", "unique": {"key": "k"}},
            "not an object",
            {"task": "b"},
        ]
        answer = await api.post(PARTIAL, json={"jobs": jobs})
    assert answer.status_code == 200
    rejected, created = "rejected", "created"
    assert outcomes(answer) == [created, *[rejected] * 4, "existing", rejected, created]
    codes = [item["problem"]["code"] for item in answer.json()["items"] if "problem" in item]
    assert codes == ["invalid-body", "invalid-job", "payload-too-large", "unique-conflict", "invalid-body"]
    assert len(world.store.jobs) == 3


async def test_partial_with_strict_tasks_leaves_out_the_unknown() -> None:
    """Several unknown tasks in one bulk are each left out, and the rest is stored."""
    world = await a_world(rules=EnqueueRules(strict_tasks=True))
    await world.declare("known")
    async with world.caller() as api:
        answer = await api.post(PARTIAL, json={"jobs": [{"task": name} for name in ("x", "known", "y", "x")]})
    assert outcomes(answer) == ["rejected", "created", "rejected", "rejected"]


async def test_strict_bulk_points_at_each_unknown_task() -> None:
    """The unknown task is pointed at wherever it stands."""
    world = await a_world(rules=EnqueueRules(strict_tasks=True))
    await world.declare("known")
    async with world.caller() as api:
        answer = await api.post(BULK, json={"jobs": [{"task": "known"}, {"task": "x"}]})
        assert pointers(is_problem(answer, "unknown-task")) == ["/jobs/1/task"]


async def test_partial_leaves_out_queues_beyond_reach(api: Caller, world: World) -> None:
    """A confined key stores what lies in its queues."""
    confined = api.with_key(await world.key_of(world.member, queue_globs=("email*",)))
    jobs = [{"task": "a", "queue": "email"}, {"task": "a"}, {"task": "a", "queue": "emails"}]
    answer = await confined.post(PARTIAL, json={"jobs": jobs})
    assert outcomes(answer) == ["created", "rejected", "created"]
    is_problem(await confined.post(BULK, json={"jobs": jobs}), "queue-forbidden")


async def test_partial_of_nothing_good_stores_nothing(api: Caller, world: World) -> None:
    """All rejected is still an answer, not an error."""
    answer = await api.post(PARTIAL, json={"jobs": [{"task": "No"}, {}]})
    assert (answer.status_code, outcomes(answer)) == (200, ["rejected", "rejected"])
    assert world.store.jobs == {}


@pytest.mark.parametrize("number", [0, 1_001])
async def test_bulk_holds_one_to_a_thousand(api: Caller, number: int) -> None:
    """An empty bulk is a mistake, and one too large is refused as a whole."""
    answer = await api.post(BULK, json={"jobs": [{"task": "a"}] * number})
    assert pointers(is_problem(answer, "invalid-body")) == ["/jobs"]


async def test_a_thousand_are_taken(api: Caller, world: World) -> None:
    """1,000 jobs are one request."""
    answer = await api.post(BULK, json={"jobs": [{"task": "a"}] * 1_000})
    assert (answer.status_code, len(world.store.jobs)) == (201, 1_000)


@pytest.mark.parametrize("body", [b"[]", b'{"jobs":{}}', b'{"jobs":[{"task":"a"}],"more":1}', b"", b"null"], ids=repr)
async def test_bulk_of_another_shape_is_refused(api: Caller, body: bytes) -> None:
    """Only `{"jobs": […]}` is a bulk."""
    assert (await api.post(BULK, content=body, headers={"content-type": "application/json"})).status_code == 400


async def test_a_refusal_names_only_so_many_faults(api: Caller) -> None:
    """A thousand bad jobs make no endless answer."""
    refusal = is_problem(await api.post(BULK, json={"jobs": [{}] * 1_000}))
    assert len(refusal["errors"]) == 50
    assert refusal["detail"].startswith("1000 of the jobs")
