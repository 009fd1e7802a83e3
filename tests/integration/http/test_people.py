"""People over PostgreSQL, wired as `equeue api` wires it."""

import asyncio
from typing import Any

import pytest
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import calling

from equeue.domain.logins import PER_ACCOUNT
from equeue.entrypoints.cli.compose import http_services
from equeue.entrypoints.http.app import create_app
from equeue.entrypoints.settings import BadSetting, Settings, read_settings

EMAIL, PASSWORD = "root@example.org", "correct horse battery"
LOGIN = "/api/v1/auth/login"


def the_settings(url: str, password: str = PASSWORD) -> Settings:
    """Return settings that name the first admin."""
    return read_settings(
        {
            "EQUEUE_DATABASE_URL": url,
            "EQUEUE_SECRET_KEYS": "k" * 32,
            "EQUEUE_ADMIN_EMAIL": EMAIL,
            "EQUEUE_ADMIN_PASSWORD": password,
        }
    )


async def test_replicas_that_start_at_once_make_one_admin(database_url: str) -> None:
    """Who logs in on any of them; a later start with another password changes nothing."""

    async def start(password: str) -> Any:
        async with http_services(the_settings(database_url, password)) as services:
            return await services.identity.people.page(limit=10)

    for password in (PASSWORD, "another long one"):
        for found in await asyncio.gather(start(password), start(password)):
            assert [person.user.email for person in found] == [EMAIL]
    async with (
        http_services(the_settings(database_url)) as services,
        calling(create_app(services), None) as anonymous,
    ):
        answer = await anonymous.post(LOGIN, json={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 200


async def test_a_weak_password_stops_the_start(database_url: str) -> None:
    """With the settings' names, and not the password."""
    with pytest.raises(BadSetting) as refusal:
        async with http_services(the_settings(database_url, "changeme")):
            raise AssertionError("it started")
    assert "EQUEUE_ADMIN_PASSWORD" in str(refusal.value)
    assert "changeme" not in str(refusal.value)


async def test_a_whole_session(database_url: str) -> None:
    """Log in, make a key, rotate it, refresh, log out: with bcrypt, JWT and the tables as they are in use."""
    async with (
        http_services(the_settings(database_url)) as services,
        calling(create_app(services), None) as anonymous,
    ):
        answer = await anonymous.post(LOGIN, json={"email": EMAIL, "password": PASSWORD})
        me = anonymous.with_key(answer.json()["access_token"])
        made = await me.post("/api/v1/api-keys", json={"name": "ci", "queues": ["email.*"]})
        key = anonymous.with_key(made.json()["secret"])
        assert (await key.get("/api/v1/me")).json()["queues"] == ["email.*"]
        rotated = await me.post(f"{made.headers['location']}/rotate", json={"grace_s": 60})
        for text in (key.key, rotated.json()["secret"]):
            assert (await key.with_key(text).get("/api/v1/me")).status_code == 200
        token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
        cookie = {"cookie": f"equeue_refresh={token}"}
        both = await asyncio.gather(*(anonymous.post("/api/v1/auth/refresh", headers=cookie) for _ in range(2)))
        assert [one.status_code for one in both] == [200, 200]
        assert len({one.headers["set-cookie"].partition(";")[0] for one in both}) == 1
        assert (await anonymous.post("/api/v1/auth/logout", headers=cookie)).status_code == 204
        is_problem(await me.get("/api/v1/me"), "unauthenticated")
        acts = (await key.get("/api/v1/audit")).json()["items"]
        assert [act["action"] for act in acts] == ["api-key.rotate", "api-key.create", "user.create"]


async def test_a_burst_of_guesses_counts_in_full(database_url: str) -> None:
    """However many come at the same time, ten are looked at."""
    async with (
        http_services(the_settings(database_url)) as services,
        calling(create_app(services), None) as anonymous,
    ):
        guess = {"email": EMAIL, "password": "wrong password"}
        answers = await asyncio.gather(*(anonymous.post(LOGIN, json=guess) for _ in range(PER_ACCOUNT * 2)))
        codes = sorted(is_problem(answer)["code"] for answer in answers)
        assert codes == ["bad-credentials"] * PER_ACCOUNT + ["too-many-requests"] * PER_ACCOUNT
