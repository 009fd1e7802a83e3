"""The Idempotency-Key header."""

import asyncio

import pytest
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World

JOBS = "/api/v1/jobs"
KEY = {"idempotency-key": "order-1"}


async def test_same_request_gets_the_first_answer_again(api: Caller, world: World) -> None:
    """Word for word, with its status and place, and a header that says so; the job is there once."""
    first = await api.post(JOBS, json={"task": "a"}, headers=KEY)
    second = await api.post(JOBS, json={"task": "a"}, headers=KEY)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["location"] == first.headers["location"]
    assert len(world.store.jobs) == 1


async def test_another_request_under_the_key_is_refused(api: Caller) -> None:
    """A key stands for one request."""
    await api.post(JOBS, json={"task": "a"}, headers=KEY)
    is_problem(await api.post(JOBS, json={"task": "b"}, headers=KEY), "idempotency-key-reused")
    is_problem(await api.post(f"{JOBS}/bulk", json={"jobs": [{"task": "a"}]}, headers=KEY), "idempotency-key-reused")


async def test_another_mode_is_another_request(api: Caller) -> None:
    """The query is part of what was asked."""
    await api.post(f"{JOBS}/bulk", json={"jobs": [{"task": "a"}]}, headers=KEY)
    again = await api.post(f"{JOBS}/bulk?mode=partial", json={"jobs": [{"task": "a"}]}, headers=KEY)
    is_problem(again, "idempotency-key-reused")


async def test_keys_of_two_principals_are_apart(api: Caller, world: World) -> None:
    """Nobody can learn of, or disturb, the keys of another."""
    await api.post(JOBS, json={"task": "a"}, headers=KEY)
    other = api.with_key(await world.key_of(world.member))
    answer = await other.post(JOBS, json={"task": "b"}, headers=KEY)
    assert answer.status_code == 201


async def test_failures_are_not_kept(api: Caller) -> None:
    """After a refusal the key is as good as new, also for another request."""
    is_problem(await api.post(JOBS, json={"task": "Not a name"}, headers=KEY))
    await api.post(JOBS, json={"task": "a", "unique": {"key": "k"}})
    conflict = {"task": "a", "unique": {"key": "k", "on_conflict": "reject"}}
    is_problem(await api.post(JOBS, json=conflict, headers=KEY), "unique-conflict")
    assert (await api.post(JOBS, json={"task": "c"}, headers=KEY)).status_code == 201


async def test_bulk_is_repeated_as_one(api: Caller, world: World) -> None:
    """A bulk and its answer are remembered like a single job."""
    bulk = {"jobs": [{"task": "a"}, {"task": "b"}]}
    first = await api.post(f"{JOBS}/bulk", json=bulk, headers=KEY)
    second = await api.post(f"{JOBS}/bulk", json=bulk, headers=KEY)
    assert second.content == first.content
    assert len(world.store.jobs) == 2


async def test_simultaneous_requests_enqueue_once(api: Caller, world: World) -> None:
    """Of requests at the same instant one is carried out; the others are told to ask again, or get its answer."""
    answers = await asyncio.gather(*(api.post(JOBS, json={"task": "a"}, headers=KEY) for _ in range(8)))
    assert len(world.store.jobs) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, "idempotency-in-flight")
            assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "tab\there", "é"], ids=repr)
async def test_unfit_key_is_refused(api: Caller, key: str) -> None:
    """A key is 1 to 255 printable ASCII characters."""
    answer = await api.post(JOBS, json={"task": "a"}, headers={"idempotency-key": key.encode()})
    is_problem(answer, "invalid-idempotency-key")


async def test_longest_key_is_taken(api: Caller) -> None:
    """255 characters are fine."""
    assert (await api.post(JOBS, json={"task": "a"}, headers={"idempotency-key": "x" * 255})).status_code == 201
