"""POST /api/v1/jobs."""

from typing import Any

import pytest
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, World, a_world
from uuid_utils.compat import uuid7

from equeue.application.enqueue import EnqueueRules
from equeue.application.ports.catalogue import TaskDeclaration
from equeue.domain.access import Scope
from equeue.entrypoints.http.services import Limits

JOBS = "/api/v1/jobs"
WIRE_FIELDS = [
    "id",
    "task",
    "queue",
    "status",
    "payload",
    "result",
    "error",
    "priority",
    "run_at",
    "created_at",
    "started_at",
    "finished_at",
    "attempt",
    "retry_count",
    "max_retries",
    "backoff",
    "timeout_s",
    "expires_at",
    "cancel_reason",
    "progress",
    "tags",
    "unique_key",
    "concurrency_key",
    "user_id",
    "worker_id",
    "lease_expires_at",
    "cancel_requested",
    "parent_id",
    "etag",
    "truncated",
]


async def test_created_job_is_answered_whole(api: Caller) -> None:
    """201 says that the job was created, where it is, and every field of it."""
    answer = await api.post(JOBS, json={"task": "email.send", "payload": {"to": "a"}})
    body = answer.json()
    assert (answer.status_code, body["outcome"]) == (201, "created")
    assert answer.headers["location"] == f"{JOBS}/{body['job']['id']}"
    assert list(body["job"]) == WIRE_FIELDS
    assert body["job"]["status"] == "queued"
    assert body["job"]["created_at"] == "2026-01-01T00:00:00.000000Z"


async def test_job_belongs_to_the_keys_owner(api: Caller, world: World) -> None:
    """Whoever owns the key owns the job."""
    answer = await api.post(JOBS, json={"task": "a"})
    assert answer.json()["job"]["user_id"] == str(world.member.id)


async def test_every_member_of_a_request_reaches_the_job(api: Caller) -> None:
    """Nothing that a caller may say is dropped on the way."""
    asked: dict[str, Any] = {
        "task": "report.build",
        "payload": {"a": [1, 2.5, None, True, "ü"]},
        "queue": "slow",
        "priority": 0,
        "run_at": "2026-01-02T03:04:05.678901+02:00",
        "max_retries": 7,
        "backoff": {"kind": "exponential", "base_s": 1.5, "factor": 3.0, "cap_s": 60.0, "jitter": 0.5},
        "timeout_s": 1.25,
        "expires_at": "2026-02-01T00:00:00Z",
        "tags": ["vip", "two words"],
        "unique": {"key": "k", "while": "queued", "on_conflict": "reject"},
        "concurrency_key": "customer:42",
    }
    job = (await api.post(JOBS, json=asked)).json()["job"]
    same = ("task", "payload", "queue", "priority", "max_retries", "backoff", "timeout_s", "tags", "concurrency_key")
    assert {name: job[name] for name in same} == {name: asked[name] for name in same}
    assert job["run_at"] == "2026-01-02T01:04:05.678901Z"
    assert job["expires_at"] == "2026-02-01T00:00:00.000000Z"
    assert job["unique_key"] == "k"


async def test_big_numbers_keep_every_digit(api: Caller) -> None:
    """A payload crosses as it was written, so no number is rounded on the way."""
    written = b'{"n":123456789012345678901234567890,"f":1.0000000000000000001}'
    answer = await api.post(
        JOBS, content=b'{"task":"a","payload":%s}' % written, headers={"content-type": "application/json"}
    )
    assert b'"payload":' + written in answer.content


async def test_fixed_backoff_has_no_factor(api: Caller) -> None:
    """A member that a kind of backoff does not know is refused like any other unknown field."""
    answer = await api.post(JOBS, json={"task": "a", "backoff": {"kind": "fixed", "base_s": 1, "factor": 2}})
    assert pointers(is_problem(answer, "invalid-body")) == ["/backoff/factor"]


async def test_declared_settings_stand_in_for_what_is_left_out(api: Caller, world: World) -> None:
    """The queue and the retries that a task declares are those of a job that names none."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("email.send", "email", max_retries=9)])
        await unit.commit()
    job = (await api.post(JOBS, json={"task": "email.send"})).json()["job"]
    assert (job["queue"], job["max_retries"]) == ("email", 9)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({}, "/task"),
        ({"task": 5}, "/task"),
        ({"task": "No Spaces"}, "/task"),
        ({"task": "a\n"}, "/task"),
        ({"task": "x" * 129}, "/task"),
        ({"task": "a", "tsak": "b"}, "/tsak"),
        ({"task": "a", "a/b~c": 1}, "/a~1b~0c"),
        ({"task": "a", "payload": [1]}, "/payload"),
        ({"task": "a", "payload": "text"}, "/payload"),
        ({"task": "a", "payload": None}, "/payload"),
        ({"task": "a", "priority": 10}, "/priority"),
        ({"task": "a", "priority": -1}, "/priority"),
        ({"task": "a", "priority": 2**70}, "/priority"),
        ({"task": "a", "priority": 1.5}, "/priority"),
        ({"task": "a", "priority": "5"}, "/priority"),
        ({"task": "a", "max_retries": 1001}, "/max_retries"),
        ({"task": "a", "max_retries": -1}, "/max_retries"),
        ({"task": "a", "max_retries": 2**31}, "/max_retries"),
        ({"task": "a", "priority": 2**31}, "/priority"),
        ({"task": "a", "timeout_s": 1e15}, "/timeout_s"),
        ({"task": "a", "timeout_s": 0}, "/timeout_s"),
        ({"task": "a", "timeout_s": 1e300}, "/timeout_s"),
        ({"task": "a", "delay_s": -1}, "/delay_s"),
        ({"task": "a", "delay_s": 1e15}, "/delay_s"),
        ({"task": "a", "delay_s": 1, "run_at": "2026-01-01T00:00:00Z"}, "/delay_s"),
        ({"task": "a", "run_at": "2026-01-01T00:00:00"}, "/run_at"),
        ({"task": "a", "run_at": "10000-01-01T00:00:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "9999-12-31T23:59:59-14:00"}, "/run_at"),
        ({"task": "a", "run_at": "0001-01-01T00:00:00+14:00"}, "/run_at"),
        ({"task": "a", "run_at": "infinity"}, "/run_at"),
        ({"task": "a", "run_at": 0}, "/run_at"),
        ({"task": "a", "run_at": "+294277-01-01T00:00:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "0044-03-15T00:00:00Z BC"}, "/run_at"),
        ({"task": "a", "run_at": "-0044-03-15T00:00:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "2026-01-01T24:00:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "2026-01-01T00:60:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "2026-01-01T00:00:61Z"}, "/run_at"),
        ({"task": "a", "run_at": "2026-01-01T00:00:00+99:00"}, "/run_at"),
        ({"task": "a", "run_at": "2025-12-30T00:00:00Z"}, "/run_at"),
        ({"task": "a", "run_at": "2036-12-30T00:00:00Z"}, "/run_at"),
        ({"task": "a", "expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"task": "a", "tags": ["x"] * 21}, "/tags"),
        ({"task": "a", "tags": ["ok", ""]}, "/tags/1"),
        ({"task": "a", "tags": ["x" * 65]}, "/tags/0"),
        ({"task": "a", "unique": {"key": ""}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "x" * 256}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "é" * 128}}, "/unique/key"),
        ({"task": "a", "unique": {}}, "/unique/key"),
        ({"task": "a", "unique": {"key": " \t"}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "  "}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "\u202eabc"}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "a\r\nb"}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "x" * 10_000}}, "/unique/key"),
        ({"task": "a", "unique": {"key": "k", "while": "ever"}}, "/unique/while"),
        ({"task": "a", "concurrency_key": "a\r\nb"}, "/concurrency_key"),
        ({"task": "a", "backoff": {"kind": "linear"}}, "/backoff/kind"),
        ({"task": "a", "backoff": {"kind": "fixed", "base_s": -1}}, "/backoff/base_s"),
        ({"task": "a", "backoff": {"kind": "exponential", "factor": 1e308}}, "/backoff/factor"),
    ],
    ids=str,
)
async def test_malformed_job_is_refused_with_a_pointer(api: Caller, wrong: dict[str, Any], pointer: str) -> None:
    """400 names the field at fault."""
    answer = await api.post(JOBS, json=wrong)
    assert answer.status_code == 400
    assert pointers(is_problem(answer)) == [pointer]


async def test_all_broken_rules_are_named_at_once(api: Caller) -> None:
    """Who has three faults hears of three."""
    wrong = {"task": "a", "tags": [""], "unique": {"key": ""}, "concurrency_key": ""}
    found = pointers(is_problem(await api.post(JOBS, json=wrong), "invalid-job"))
    assert found == ["/tags/0", "/unique/key", "/concurrency_key"]


@pytest.mark.parametrize(
    "name",
    ["user_id", "status", "attempt", "retry_count", "lease_token", "worker_id", "created_at", "id", "revision"],
)
async def test_what_the_server_owns_cannot_be_set(api: Caller, world: World, name: str) -> None:
    """No field of a job but those of a request can be smuggled in."""
    is_problem(await api.post(JOBS, json={"task": "a", name: None}), "invalid-body")
    assert world.store.jobs == {}


@pytest.mark.parametrize("key", ["\U0001f418", "../../etc", "caf\u00e9", "x" * 255, "' or 1=1 --"])
async def test_odd_unique_key_is_a_key(api: Caller, key: str) -> None:
    """What is printable is compared byte by byte: the same is the same, and nothing else is."""
    asked = {"task": "a", "unique": {"key": key}}
    assert (await api.post(JOBS, json=asked)).json()["job"]["unique_key"] == key
    assert (await api.post(JOBS, json=asked)).json()["outcome"] == "existing"
    decomposed = {"task": "a", "unique": {"key": "cafe\u0301"}}
    assert (await api.post(JOBS, json=decomposed)).json()["outcome"] == "created"


async def test_held_unique_key_returns_the_holder(api: Caller) -> None:
    """200 and `existing` with the job that holds the key."""
    asked = {"task": "a", "unique": {"key": "k"}}
    first = (await api.post(JOBS, json=asked)).json()["job"]
    second = await api.post(JOBS, json=asked)
    assert (second.status_code, second.json()["outcome"]) == (200, "existing")
    assert second.json()["job"]["id"] == first["id"]
    assert "location" not in second.headers


async def test_held_unique_key_can_refuse(api: Caller, world: World) -> None:
    """409 names the holder, and nothing is stored."""
    first = (await api.post(JOBS, json={"task": "a", "unique": {"key": "k"}})).json()["job"]
    asked = {"task": "a", "unique": {"key": "k", "on_conflict": "reject"}}
    refusal = is_problem(await api.post(JOBS, json=asked), "unique-conflict")
    assert refusal["existing_job_id"] == first["id"]
    assert len(world.store.jobs) == 1


async def test_strict_installation_refuses_unknown_tasks() -> None:
    """With strict tasks a task that no worker declared is 422."""
    world = await a_world(rules=EnqueueRules(strict_tasks=True))
    async with world.caller() as api:
        assert pointers(is_problem(await api.post(JOBS, json={"task": "nobody"}), "unknown-task")) == ["/task"]


async def test_payload_at_the_limit_is_taken_and_above_is_413() -> None:
    """The bound on the payload is exact, and the body has room for what is around it."""
    world = await a_world(limits=Limits(payload=100), rules=EnqueueRules(payload_bytes=100))
    fits = {"x": "y" * (100 - len('{"x":""}'))}
    over = {"x": fits["x"] + "y"}
    async with world.caller() as api:
        for payload, status in ((fits, 201), (over, 413)):
            answer = await api.post(
                JOBS,
                content=b'{"task":"a","payload":{"x":"%s"}}' % payload["x"].encode(),
                headers={"content-type": "application/json"},
            )
            assert answer.status_code == status
        is_problem(answer, "payload-too-large")


async def test_key_confined_to_queues_enqueues_nowhere_else(api: Caller, world: World) -> None:
    """The task's declared queue counts as much as one that is named."""
    async with world.units_of_work() as unit:
        await unit.catalogue.declare([TaskDeclaration("b", "other")])
        await unit.commit()
    key = await world.key_of(world.member, queue_globs=("email*",))
    confined = api.with_key(key)
    assert (await confined.post(JOBS, json={"task": "a", "queue": "email-fast"})).status_code == 201
    is_problem(await confined.post(JOBS, json={"task": "a", "queue": "other"}), "queue-forbidden")
    is_problem(await confined.post(JOBS, json={"task": "a"}), "queue-forbidden")
    is_problem(await confined.post(JOBS, json={"task": "b"}), "queue-forbidden")
    assert len(world.store.jobs) == 1


async def test_key_needs_the_scope_to_write(api: Caller, world: World) -> None:
    """A key that may only read enqueues nothing."""
    key = await world.key_of(world.member, scopes=frozenset({Scope.JOBS_READ}))
    is_problem(await api.with_key(key).post(JOBS, json={"task": "a"}), "forbidden")


async def test_trace_is_kept_and_a_broken_one_left_out(api: Caller, world: World) -> None:
    """A valid `traceparent` goes with the job; a broken one breaks nothing."""
    good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    for given, kept in ((good, good), ("00-nonsense", None), (f"00-{'0' * 32}-b7ad6b7169203331-01", None)):
        answer = await api.post(JOBS, json={"task": "a"}, headers={"traceparent": given})
        [job] = [job for job in world.store.jobs.values() if str(job.id) == answer.json()["job"]["id"]]
        assert job.traceparent == kept


async def test_ids_are_fresh_and_sort_by_time(api: Caller) -> None:
    """A job's id is a UUID of version 7 made by the server."""
    before = str(uuid7())
    job = (await api.post(JOBS, json={"task": "a"})).json()["job"]
    assert before < job["id"] < str(uuid7())
