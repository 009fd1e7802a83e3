"""The API over PostgreSQL, wired as `equeue api` wires it: what memory forgives, the database does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url
from tests.builders import an_order
from tests.unit.http.asserts import is_problem, pointers
from tests.unit.http.hostile import HARMLESS, HOSTILE, with_payload
from tests.unit.http.world import Caller, calling
from uuid_utils.compat import uuid7

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.adapters.security.keys import issue
from equeue.adapters.system import SystemJitter
from equeue.application.ports.accounts import User
from equeue.application.settle import Ending, SettleAttempts
from equeue.domain.access import Role
from equeue.domain.outcomes import Failed, JobError, Outcome, Succeeded
from equeue.entrypoints.cli.compose import http_services
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.http.services import HttpServices
from equeue.entrypoints.settings import read_settings

JOBS = "/api/v1/jobs"
JSON = {"content-type": "application/json"}


@asynccontextmanager
async def the_services(url: str) -> AsyncIterator[HttpServices]:
    """Give what the API needs, over the database at `url`."""
    settings = read_settings({"EQUEUE_DATABASE_URL": url, "EQUEUE_SECRET_KEYS": "k" * 32})
    async with http_services(settings) as services:
        yield services


async def a_key(services: HttpServices, role: Role = Role.MEMBER) -> str:
    """Store a person with a key and return the key's text."""
    async with services.units_of_work() as unit:
        user = await unit.accounts.add_user(User(uuid7(), f"{uuid7()}@example.org", role))
        key, text = issue(uuid7(), user, "test")
        await unit.accounts.add_key(key)
        await unit.commit()
    return text


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


@attrs.frozen
class Hands:
    """Runs jobs by hand."""

    leases: PostgresJobLeases

    async def run(self, *outcomes: Outcome) -> None:
        """Claim one due job after the other and settle each with an outcome."""
        settle = SettleAttempts(self.leases, SystemJitter())
        for outcome in outcomes:
            [claim] = await self.leases.claim(an_order(limit=1))
            await settle([Ending(claim, outcome, timedelta(0))])


@pytest.fixture
async def hands(database_url: str) -> AsyncIterator[Hands]:
    """Give somebody who runs jobs."""
    engine = create_engine(database_url)
    lane = Lane(engine)
    yield Hands(PostgresJobLeases(lane))
    await lane.close()
    await engine.dispose()


async def test_a_job_goes_all_the_way(api: Caller, hands: Hands) -> None:
    """Enqueued, failed once, retried, done: each look shows how it stands, and digits stay digits."""
    backoff = {"kind": "fixed", "base_s": 0}
    asked = {"task": "test.task", "payload": {"n": 10**29 + 7}, "backoff": backoff, "tags": ["a"]}
    created = (await api.post(JOBS, json=asked)).json()["job"]
    path = f"{JOBS}/{created['id']}"
    assert (await api.get(f"{path}/result")).status_code == 202
    await hands.run(Failed(JobError.of("ValueError", "no\x00pe", "Traceback", "f")), Succeeded(b'{"n":%d}' % 10**29))
    job = (await api.get(path)).json()
    assert (job["status"], job["attempt"], job["retry_count"]) == ("succeeded", 2, 1)
    assert job["payload"] == {"n": 10**29 + 7}
    assert (await api.get(f"{path}/result")).json()["result"] == {"n": 10**29}
    attempts = (await api.get(f"{path}/attempts")).json()["items"]
    assert [one["outcome"] for one in attempts] == ["failed", "succeeded"]
    assert attempts[0]["error"]["message"] == "no\ufffdpe"
    is_problem(await api.post(f"{path}/cancel"), "already-finished")
    is_problem(await api.post(f"{path}/retry"), "invalid-transition")


async def test_dead_job_is_told_and_retried(api: Caller, hands: Hands) -> None:
    """409 with its error, and a retry by hand brings it back."""
    job = (await api.post(JOBS, json={"task": "test.task", "max_retries": 0})).json()["job"]
    await hands.run(Failed(JobError.of("ValueError", "no")))
    assert is_problem(await api.get(f"{JOBS}/{job['id']}/result"), "job-dead")["error"]["message"] == "no"
    again = await api.post(f"{JOBS}/{job['id']}/retry")
    assert again.json()["job"]["status"] == "queued"
    assert again.headers["etag"] == (await api.get(f"{JOBS}/{job['id']}")).headers["etag"]


async def test_no_hostile_body_reaches_the_database(api: Caller) -> None:
    """The whole corpus, alone and in bulks, and not one job of it."""
    for body, code in HOSTILE.values():
        is_problem(await api.post(JOBS, content=body, headers=JSON), code)
        answer = await api.post(f"{JOBS}/bulk?mode=partial", content=b'{"jobs":[' + body + b"]}", headers=JSON)
        assert answer.status_code < 500
    assert (await api.get(JOBS)).json()["items"] == []


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_taken_is_kept(api: Caller, name: str) -> None:
    """Whatever the API takes PostgreSQL can keep and give back."""
    answer = await api.post(JOBS, content=with_payload(HARMLESS[name]), headers=JSON)
    assert answer.status_code == 201
    kept = (await api.get(f"{JOBS}/{answer.json()['job']['id']}")).json()["payload"]
    assert kept == json.loads(HARMLESS[name])


async def test_payload_that_outgrows_its_bound_once_stored_is_413(api: Caller) -> None:
    """`1e308` is 5 bytes as it comes and 309 digits as it is kept; the bound holds for what is kept."""
    payload = b'{"x":[' + b",".join([b"1e308"] * 20_000) + b"]}"
    is_problem(await api.post(JOBS, content=with_payload(payload), headers=JSON), "payload-too-large")
    bulk = b'{"jobs":[{"task":"a"},' + with_payload(payload) + b"]}"
    refusal = is_problem(await api.post(f"{JOBS}/bulk", content=bulk, headers=JSON), "payload-too-large")
    assert pointers(refusal) == ["/jobs/1/payload"]
    partial = (await api.post(f"{JOBS}/bulk?mode=partial", content=bulk, headers=JSON)).json()
    assert [item["outcome"] for item in partial["items"]] == ["created", "rejected"]


async def test_repeated_request_is_carried_out_once(api: Caller) -> None:
    """Of simultaneous requests with one key one enqueues; afterwards all get its answer, word for word."""
    key = {"idempotency-key": "k"}
    answers = await asyncio.gather(*(api.post(JOBS, json={"task": "a"}, headers=key) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    [first, second] = [await api.post(JOBS, json={"task": "a"}, headers=key) for _ in range(2)]
    assert first.content == second.content
    assert first.headers["idempotency-replayed"] == "true"
    assert {answer.content for answer in answers if answer.status_code == 201} == {first.content}
    assert len((await api.get(JOBS)).json()["items"]) == 1


async def test_conflict_in_an_atomic_bulk_keeps_nothing(api: Caller) -> None:
    """The review refuses before the commit, so the transaction is gone with all that was in it."""
    await api.post(JOBS, json={"task": "a", "unique": {"key": "k"}})
    jobs = [{"task": "b"}, {"task": "a", "unique": {"key": "k", "on_conflict": "reject"}}]
    is_problem(await api.post(f"{JOBS}/bulk", json={"jobs": jobs}), "unique-conflict")
    assert [job["task"] for job in (await api.get(JOBS)).json()["items"]] == ["a"]


async def test_walk_over_jobs_of_one_instant(api: Caller) -> None:
    """A bulk gives a thousand jobs one `created_at`; the walk sees each of them once."""
    await api.post(f"{JOBS}/bulk", json={"jobs": [{"task": "a"}] * 450})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"&cursor={cursor}" if cursor else ""
        page = (await api.get(f"{JOBS}?limit=200&sort=created_at{query}")).json()
        seen.extend(job["id"] for job in page["items"])
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 450


async def test_another_persons_job_is_not_there(services: HttpServices, api: Caller) -> None:
    """In every way to ask for it."""
    job = (await api.post(JOBS, json={"task": "a"})).json()["job"]["id"]
    other = api.with_key(await a_key(services))
    asked: list[tuple[str, str]] = [("GET", ""), ("GET", "/attempts"), ("GET", "/result"), ("POST", "/cancel")]
    for method, path in asked:
        is_problem(await other(method, f"{JOBS}/{job}{path}"), "not-found")
    assert (await other.get(JOBS)).json()["items"] == []
    operator = api.with_key(await a_key(services, Role.OPERATOR))
    assert (await operator.get(f"{JOBS}/{job}")).status_code == 200


async def test_odd_words_in_addresses_reach_no_statement(api: Caller) -> None:
    """What PostgreSQL could not take is turned away before it."""
    odd = ("%00", "%ff", "a%00b", "' or 1=1 --", "x" * 5_000, "%F0%9F%98%80")
    for word in odd:
        for path in (f"{JOBS}/{word}", f"/api/v1/tasks/{word}", f"{JOBS}?queue={word}", f"{JOBS}?cursor={word}"):
            assert (await api.get(path)).status_code in {400, 404}


async def test_readiness_of_a_real_database(api: Caller) -> None:
    """It answers and its schema fits."""
    body: dict[str, Any] = (await api.with_key(None).get("/health/ready")).json()
    assert body["checks"]["database"]["ok"]
    assert body["checks"]["schema"]["ok"]


def _shut(url: str, *, shut: bool) -> None:
    """Close the database to newcomers and turn out who is in it, or open it again."""
    parts = make_url(url)
    maintenance = parts.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        name = sql.Identifier(parts.database or "")
        connection.execute(
            sql.SQL("alter database {} with allow_connections {}").format(name, sql.SQL("false" if shut else "true"))
        )
        if shut:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [parts.database]
            )


async def test_database_away_is_503_until_it_is_back(api: Caller, database_url: str) -> None:
    """503 and when to ask again on every route that needs it; alive all the while; well again with the database."""
    job = (await api.post(JOBS, json={"task": "a"})).json()["job"]["id"]
    await asyncio.to_thread(_shut, database_url, shut=True)
    try:
        asked: list[tuple[str, str, Any]] = [
            ("POST", JOBS, {"task": "a"}),
            ("POST", f"{JOBS}/bulk", {"jobs": [{"task": "a"}]}),
            ("GET", JOBS, None),
            ("GET", f"{JOBS}/{job}", None),
            ("POST", f"{JOBS}/{job}/cancel", {}),
        ]
        for method, path, body in asked:
            answer = await api(method, path, json=body)
            is_problem(answer, "unavailable")
            assert answer.headers["retry-after"] == "1"
        told = is_problem(await api.get("/health/ready"), "not-ready")["detail"]
        assert not [part for part in (make_url(database_url).database, "127.0.0.1", "FATAL") if str(part) in told]
        assert (await api.get("/health/live")).status_code == 200
    finally:
        await asyncio.to_thread(_shut, database_url, shut=False)
    assert (await api.get(f"{JOBS}/{job}")).status_code == 200
    assert (await api.get("/health/ready")).json()["checks"]["database"]["ok"]


async def test_a_job_is_run_again_counted_and_deleted(services: HttpServices) -> None:
    """What memory does PostgreSQL does: a copy with its parent, counts by status, and a job that is gone."""
    async with calling(create_app(services), await a_key(services, Role.ADMIN)) as admin:
        body = {"task": "a", "payload": {"n": 12345678901234567890123}, "unique": {"key": "k"}, "tags": ["vip"]}
        first = (await admin.post(JOBS, json=body)).json()["job"]
        is_problem(await admin.post(f"{JOBS}/{first['id']}/rerun"), "unique-conflict")
        copy = (await admin.post(f"{JOBS}/{first['id']}/rerun", json={"unique": None})).json()["job"]
        same = ("payload", "tags", "user_id", "queue", "max_retries")
        assert [copy[name] for name in same] == [first[name] for name in same]
        assert copy["parent_id"] == first["id"]
        patch = {"payload": {"m": 1.10, "deep": {"x": None}}, "run_at": "2030-01-01T00:00:00Z"}
        edited = await admin("PATCH", f"{JOBS}/{copy['id']}", json=patch, headers={"if-match": f'"{copy["etag"]}"'})
        assert edited.json()["job"]["payload"] == {"n": 12345678901234567890123, "m": 1.1, "deep": {}}
        assert (await admin.post(f"{JOBS}/{copy['id']}/run-now")).json()["outcome"] == "queued"
        await admin.post(f"{JOBS}/{first['id']}/cancel", json={"reason": "é" * 1_000})
        is_problem(await admin.post(f"{JOBS}/{copy['id']}/cancel", json={"reason": "é" * 1_001}), "invalid-body")
        counted = (await admin.get(f"{JOBS}/count?status=queued&status=cancelled")).json()
        assert [counted["by_status"][name]["value"] for name in ("queued", "cancelled")] == [1, 1]
        assert (await admin("DELETE", f"{JOBS}/{first['id']}")).status_code == 204
        is_problem(await admin.get(f"{JOBS}/{first['id']}"), "not-found")
