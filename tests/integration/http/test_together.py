"""Concurrent enqueues over PostgreSQL: one transaction for many callers, an answer of its own for each."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import attrs
import psycopg
import pytest
from tests.integration.http.test_postgres import JOBS, JSON, a_key, the_services
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.world import Caller, calling

from equeue.adapters.postgres.watching import PostgresJobWatch
from equeue.application.ports.watching import Seen
from equeue.domain.ids import JobId
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.http.services import HttpServices

OVERGROWN = b'{"task":"a","payload":{"x":[' + b",".join([b"1e300"] * 4_000) + b"]}}"
"""Twenty kilobytes on the way, more than a megabyte in the table: only its CHECK finds out."""


@pytest.fixture
async def services(database_url: str) -> AsyncIterator[HttpServices]:
    """Give the services over a fresh database."""
    async with the_services(database_url) as given:
        yield given


@pytest.fixture
async def api(services: HttpServices) -> AsyncIterator[Caller]:
    """Give a caller with a member's key."""
    async with calling(create_app(services), await a_key(services)) as caller:
        yield caller


def transactions(url: str) -> dict[str, int]:
    """Return how many jobs each transaction stored."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute("select xmin::text, count(*) from equeue.jobs group by 1").fetchall())


async def test_a_group_with_a_bad_job_a_conflict_and_one_who_left(api: Caller) -> None:
    """Of 32, 29 succeed, two are told what is wrong with theirs, and one is not there to be told."""
    held = {"key": "k", "on_conflict": "reject"}
    holder = (await api.post(JOBS, json={"task": "a", "unique": held})).json()["job"]["id"]
    plain = [api.post(JOBS, json={"task": "a", "payload": {"n": n}}) for n in range(29)]
    gone = asyncio.create_task(api.post(JOBS, json={"task": "a", "tags": ["gone"]}))
    asking = asyncio.gather(
        *plain[:10],
        api.post(JOBS, content=OVERGROWN, headers=JSON),
        *plain[10:20],
        api.post(JOBS, json={"task": "a", "unique": held}),
        *plain[20:],
    )
    await asyncio.sleep(0)
    gone.cancel()
    answers = await asking
    bad, conflict = answers.pop(10), answers.pop(20)
    assert pointers(is_problem(bad, "payload-too-large")) == ["/payload"]
    assert is_problem(conflict, "unique-conflict")["existing_job_id"] == holder
    assert [answer.status_code for answer in answers] == [201] * 29
    stored = (await api.get(f"{JOBS}?limit=100")).json()["items"]
    assert {answer.json()["job"]["id"] for answer in answers} <= {job["id"] for job in stored}
    assert 30 <= len(stored) <= 31


async def test_callers_of_one_moment_share_transactions(api: Caller, database_url: str) -> None:
    """Sixty jobs take far fewer commits than sixty, once the key is known."""
    await api.get("/api/v1/me")
    answers = await asyncio.gather(*(api.post(JOBS, json={"task": "a"}) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["job"]["id"] for answer in answers}) == 60
    assert len(await asyncio.to_thread(transactions, database_url)) <= 20


async def test_keyed_callers_share_transactions_too(api: Caller, database_url: str) -> None:
    """Each key is kept with its job; a repetition of all of them adds nothing."""

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(
            *(api.post(JOBS, json={"task": "a"}, headers={"idempotency-key": f"k{n}"}) for n in range(40))
        )

    first, again = await all_of_them(), await all_of_them()
    assert [answer.content for answer in again] == [answer.content for answer in first]
    assert all(answer.headers["idempotency-replayed"] == "true" for answer in again)
    counts = await asyncio.to_thread(transactions, database_url)
    assert sum(counts.values()) == 40
    assert len(counts) <= 20


async def test_one_key_from_many_callers_is_one_job(api: Caller, database_url: str) -> None:
    """Whoever is not first gets the first answer, or is told that it is in flight."""
    headers = {"idempotency-key": "k"}
    answers = await asyncio.gather(*(api.post(JOBS, json={"task": "a"}, headers=headers) for _ in range(30)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            is_problem(answer, "idempotency-in-flight")
    assert sum((await asyncio.to_thread(transactions, database_url)).values()) == 1


@attrs.define
class CountingWatch:
    """Counts the looks of another watch."""

    inner: Any
    looks: int = 0

    async def look(self, known: dict[JobId, str]) -> dict[JobId, Seen]:
        self.looks += 1
        return dict(await self.inner.look(known))


async def test_two_hundred_waiters_cost_one_query_a_tick(api: Caller, services: HttpServices) -> None:
    """Two seconds of waiting are at most two hundred ticks of ten milliseconds, whoever waits."""
    assert isinstance(services.room.watch, PostgresJobWatch)
    counting = services.room.watch = CountingWatch(services.room.watch)  # type: ignore[assignment]
    job = (await api.post(JOBS, json={"task": "a"})).json()["job"]["id"]
    crowd = asyncio.gather(*(api.get(f"{JOBS}/{job}", headers={"prefer": "wait=2"}) for _ in range(200)))
    answers = await crowd
    assert {json.loads(answer.content)["status"] for answer in answers} == {"queued"}
    assert 1 <= counting.looks <= 220
