"""A payload that its task would refuse is refused at once, wherever a payload comes in."""

import json
from typing import Any

import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.test_steer import JOBS, patch, store
from tests.unit.http.world import Caller, World

from equeue.adapters.codec import MsgspecCodec
from equeue.application.ports.codec import PayloadField
from equeue.domain.access import Role

FIELDS = [PayloadField("user_id", int), PayloadField("lang", str, "en")]
SCHEMA = MsgspecCodec().signature("known", FIELDS).schema
GOOD, BAD = {"user_id": 1}, {"user_id": "1", "nope": 2}
FAULTS = ["/payload/nope", "/payload/user_id"]


@pytest.fixture(autouse=True)
async def declared(world: World) -> None:
    """Let a worker declare a task with a schema, and one without."""
    await world.declare("known", schema=SCHEMA)
    await world.declare("open")


async def test_payload_is_judged_at_the_enqueue(api: Caller, world: World) -> None:
    """422 with pointers into the body; what fits, what has no schema and what nobody declared is taken."""
    refusal = is_problem(await api.post(JOBS, json={"task": "known", "payload": BAD}), "payload-invalid")
    assert (refusal["status"], sorted(pointers(refusal))) == (422, FAULTS)
    assert not world.store.jobs
    for task, payload in (("known", GOOD), ("open", BAD), ("unknown", BAD)):
        assert (await api.post(JOBS, json={"task": task, "payload": payload})).status_code == 201


async def test_malformed_comes_before_unfitting(api: Caller) -> None:
    """400 is told before 422."""
    is_problem(await api.post(JOBS, json={"task": "known", "payload": BAD, "tags": [""]}), "invalid-job")


async def test_bulk_names_each_job_at_fault(api: Caller, world: World) -> None:
    """All or none, with the place of each; partial stores the others."""
    jobs = [{"task": "known", "payload": payload} for payload in (GOOD, BAD, GOOD, {})]
    refusal = is_problem(await api.post(f"{JOBS}/bulk", json={"jobs": jobs}), "payload-invalid")
    assert sorted(pointers(refusal)) == ["/jobs/1/payload/nope", "/jobs/1/payload/user_id", "/jobs/3/payload/user_id"]
    assert not world.store.jobs
    items = (await api.post(f"{JOBS}/bulk?mode=partial", json={"jobs": jobs})).json()["items"]
    assert [item["outcome"] for item in items] == ["created", "rejected", "created", "rejected"]
    assert items[1]["problem"]["code"] == "payload-invalid"
    assert sorted(error["pointer"] for error in items[1]["problem"]["errors"]) == FAULTS


async def test_rerun_is_judged_with_its_new_payload(api: Caller, world: World) -> None:
    """The old one too, if it is kept and the task has changed since."""
    job = store(world, task="known", payload=json.dumps(BAD).encode())
    for body in ({}, {"payload": BAD}):
        refusal = is_problem(await api.post(f"{JOBS}/{job.id}/rerun", json=body), "payload-invalid")
        assert sorted(pointers(refusal)) == FAULTS
    assert (await api.post(f"{JOBS}/{job.id}/rerun", json={"payload": GOOD})).status_code == 201


@pytest.mark.parametrize(
    ("changes", "places"), [({"nope": 2}, ["/payload/nope"]), ({"user_id": None}, ["/payload/user_id"])]
)
async def test_edit_is_judged_as_merged(api: Caller, world: World, changes: Any, places: list[str]) -> None:
    """What the payload would be, not what the patch says; an edit of other members is not judged."""
    operator = api.with_key(await world.key_of(await world.person(Role.OPERATOR)))
    job = store(world, task="known", payload=b'{"user_id": 1}')
    refusal = is_problem(await patch(operator, job, {"payload": changes}), "payload-invalid")
    assert pointers(refusal) == places
    assert world.store.jobs[job.id] == job
    assert (await patch(operator, job, {"payload": {"lang": "de"}})).status_code == 200
    old = store(world, task="known", payload=json.dumps(BAD).encode())
    assert (await patch(operator, old, {"priority": 1})).status_code == 200
