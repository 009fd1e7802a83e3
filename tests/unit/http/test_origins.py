"""Pages of other origins get nothing: no answer admits them unless somebody sets that up before the API."""

from collections.abc import AsyncIterator

import attrs
import pytest
from tests.unit.http.world import Caller, a_world, calling

from equeue.entrypoints.http.app import create_app

ELSEWHERE = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}


@pytest.mark.parametrize(
    ("method", "path"), [("OPTIONS", "/api/v1/jobs"), ("GET", "/api/v1/jobs"), ("POST", "/api/v1/jobs")]
)
async def test_no_other_origin_is_admitted(api: Caller, method: str, path: str) -> None:
    """Neither beforehand nor afterwards."""
    answer = await api(method, path, headers=ELSEWHERE)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.fixture
async def admitting() -> AsyncIterator[Caller]:
    """Give a caller of an API that admits one origin."""
    world = await a_world()
    app = create_app(attrs.evolve(world.services, origins=frozenset({"https://app.example"})))
    async with calling(app, world.member_key) as caller:
        yield caller


async def test_named_origin_is_admitted(admitting: Caller) -> None:
    """It may ask beforehand, send a key, and read what the answer says; cookies are of no use."""
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    before = await admitting.with_key(None)("OPTIONS", "/api/v1/jobs", headers=asked)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == "https://app.example"
    assert "authorization" in before.headers["access-control-allow-headers"]
    for method, path in (("POST", "/api/v1/jobs"), ("GET", "/api/v1/jobs"), ("GET", "/nothing")):
        answer = await admitting(method, path, headers={"origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "Origin" in answer.headers["vary"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "http://app.example", "null", "https://app.example:8443"]
)
async def test_any_other_origin_is_not(admitting: Caller, origin: str) -> None:
    """Nor one that merely looks like it; a cache is told that the answer depends on it."""
    asked = {"origin": origin, "access-control-request-method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = await admitting(method, "/api/v1/jobs", headers=asked)
        assert "access-control-allow-origin" not in answer.headers
        assert "Origin" in answer.headers["vary"]
