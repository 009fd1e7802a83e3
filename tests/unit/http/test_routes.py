"""Laws that hold on every route, walked through the route table itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, get
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import Caller, World, a_world

from equeue.domain.access import Role
from equeue.domain.errors import Unavailable
from equeue.entrypoints.http.app import ENDPOINTS, OpenRoute, create_app, refuse_open_routes
from equeue.entrypoints.http.endpoint import EVENT_STREAM, PUBLIC, Endpoint

METHODS = ("DELETE", "PUT", "PATCH", "POST", "GET")
BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}
CLOSED = [name for name, endpoint in BY_NAME.items() if endpoint.access != PUBLIC]
WITH_BODY = [name for name, endpoint in BY_NAME.items() if endpoint.body is not None]
FINITE = [name for name, endpoint in BY_NAME.items() if EVENT_STREAM not in endpoint.streams]
"""Of streams of events `test_streams` says the same: they do not end by themselves."""

AN_ID = "00000000-0000-7000-8000-000000000001"
FOR_ANY_KEY = {"/api/v1/me", "/api/v1/backoff/preview"}
ASSETS = {
    "name": "start.js",
    "code": "not-found",
    "operation_id": AN_ID,
    "fingerprint": "x",
    "user_id": AN_ID,
    "key_id": AN_ID,
    "shown": AN_ID,
    "schedule": "x",
}


@pytest.fixture
async def api(world: World) -> AsyncIterator[Caller]:
    """Give a caller whom every route lets in: an admin who has logged in."""
    async with world.caller() as caller:
        yield caller.with_key(await world.token_of(await world.person(Role.ADMIN)))


@pytest.fixture
async def job_id(api: Caller, world: World) -> str:
    """Give a job of the member, and a declared task called `a`."""
    await world.declare("a")
    await api.post("/api/v1/schedules", json={"name": "x", "every_s": 60, "job": {"task": "a"}})
    return str((await api.post("/api/v1/jobs", json={"task": "a"})).json()["job"]["id"])


def path_of(endpoint: Endpoint, job_id: str) -> str:
    """Return a path of the route that leads to something."""
    path = endpoint.path.replace(":str}", "}")
    return path.format(job_id=job_id, task_id="a", **ASSETS)


async def call(api: Caller, name: str, job_id: str, **request: Any) -> Any:
    """Call a route."""
    endpoint = BY_NAME[name]
    query = request.pop("query", "")
    condition = {"if-match": "*"} if endpoint.conditional else {}
    request["headers"] = condition | request.get("headers", {})
    return await api(endpoint.method, path_of(endpoint, job_id) + query, **request)


@pytest.mark.parametrize("name", CLOSED)
async def test_route_is_closed_without_a_key(api: Caller, job_id: str, name: str) -> None:
    """401, and a challenge."""
    answer = await call(api.with_key(None), name, job_id)
    is_problem(answer, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("name", CLOSED)
async def test_route_is_closed_with_a_wrong_key(api: Caller, job_id: str, name: str) -> None:
    """The same for a key that is none."""
    is_problem(await call(api.with_key("eq_" + "0" * 32 + "_" + "A" * 43), name, job_id), "unauthenticated")


@pytest.mark.parametrize("name", [name for name in CLOSED if BY_NAME[name].path not in FOR_ANY_KEY])
async def test_route_is_closed_to_a_key_without_scopes(api: Caller, world: World, job_id: str, name: str) -> None:
    """403: every route names a scope, but those that tell a key of itself or only calculate."""
    powerless = await world.key_of(world.member, scopes=frozenset())
    is_problem(await call(api.with_key(powerless), name, job_id), "forbidden")


@pytest.mark.parametrize("name", BY_NAME)
async def test_unknown_parameter_is_refused(api: Caller, job_id: str, name: str) -> None:
    """A parameter that a route does not know is a mistake, never ignored."""
    body: dict[str, Any] = {"json": {}} if name in WITH_BODY else {}
    refusal = is_problem(await call(api, name, job_id, query="?nonsense=1", **body), "invalid-parameter")
    assert [error["parameter"] for error in refusal["errors"]] == ["nonsense"]


@pytest.mark.parametrize("name", BY_NAME)
async def test_wrong_method_is_refused(api: Caller, job_id: str, name: str) -> None:
    """405 says which methods there are."""
    path = BY_NAME[name].path
    known = {endpoint.method for endpoint in ENDPOINTS if endpoint.path == path}
    wrong = next(method for method in METHODS if method not in known)
    answer = await api(wrong, path_of(BY_NAME[name], job_id))
    is_problem(answer, "method-not-allowed")
    assert BY_NAME[name].method in answer.headers["allow"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", None])
@pytest.mark.parametrize("name", WITH_BODY)
async def test_wrong_content_type_is_refused(
    api: Caller, world: World, job_id: str, name: str, content_type: str | None
) -> None:
    """415 wherever a body is read; nothing happens to any job."""
    before = dict(world.store.jobs)
    headers = {"content-type": content_type} if content_type else {}
    is_problem(await call(api, name, job_id, content=b"{}", headers=headers), "unsupported-media-type")
    assert world.store.jobs == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_unknown_member_is_refused(api: Caller, job_id: str, name: str) -> None:
    """A member that a body does not know is a mistake, never ignored."""
    answer = await call(api, name, job_id, json={"nonsense": 1})
    assert answer.status_code == 400
    assert [error["pointer"] for error in is_problem(answer, "invalid-body")["errors"]] == ["/nonsense"]


@pytest.mark.parametrize("name", WITH_BODY)
async def test_oversized_body_is_refused(api: Caller, job_id: str, name: str) -> None:
    """413, whether the length is told or the body comes in pieces."""
    large = b" " * (16 * 1024 * 1024 + 1)

    async def pieces() -> Any:
        for start in range(0, len(large), 1 << 20):
            yield large[start : start + (1 << 20)]

    for content in (large, pieces()):
        answer = await call(api, name, job_id, content=content, headers={"content-type": "application/json"})
        is_problem(answer, "body-too-large")


@pytest.mark.parametrize("name", FINITE)
async def test_every_answer_has_its_headers(api: Caller, job_id: str, name: str) -> None:
    """An id, and what keeps browsers from guessing, framing or leaking."""
    answer = await call(api, name, job_id)
    assert answer.headers["x-request-id"], name
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] in {"no-store", "public, max-age=86400"}


@pytest.mark.parametrize("name", [name for name in FINITE if BY_NAME[name].method == "GET"])
async def test_head_is_get_without_a_body(api: Caller, job_id: str, name: str) -> None:
    """What can be got can be asked about (RFC 9110)."""
    path = path_of(BY_NAME[name], job_id)
    got, headed = await api.get(path), await api("HEAD", path)
    assert headed.status_code == got.status_code
    assert headed.headers["content-type"] == got.headers["content-type"]


class _Away:
    """An outside that does not answer."""

    def __call__(self, *_: object, **__: object) -> Any:
        raise Unavailable("connection refused to postgresql://user:hunter2@db/x")

    def __getattr__(self, name: str) -> Any:
        return self


@pytest.mark.parametrize("name", CLOSED)
async def test_database_away_is_503(name: str) -> None:
    """503 with a time to wait, and not a word about where the database is."""
    world = await a_world()
    object.__setattr__(world.services, "authenticate", _Away())
    async with world.caller() as api:
        answer = await call(api, name, "01890000-0000-7000-8000-000000000000")
        is_problem(answer, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "hunter2" not in answer.text
        assert (await api.get("/health/live")).status_code == 200


async def test_bug_is_500_without_a_word_about_it(log: list[dict[str, Any]]) -> None:
    """A fault of ours is a problem document like any other, and the log says where, but not with what."""
    world = await a_world()
    object.__setattr__(world.services, "reads", None)
    async with world.caller() as api:
        answer = await api.get("/api/v1/jobs", headers={"x-request-id": "find-me"})
    is_problem(answer, "internal")
    assert "NoneType" not in answer.text
    [entry] = [entry for entry in log if entry["event"] == "http.failed"]
    assert (entry["request_id"], entry["error"]) == ("find-me", "AttributeError")
    assert "jobs.py" in entry["trace"][-1]


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/api/v1", "/api/v2/jobs", "/api/v1/jobs/a/b/c", "//", "/%00", "/docs/x"]
)
async def test_unknown_route_is_404_for_all(api: Caller, path: str) -> None:
    """With a key or without."""
    is_problem(await api.get(path), "not-found")
    is_problem(await api.with_key(None).get(path), "not-found")


async def test_files_beside_the_assets_are_not_served(api: Caller) -> None:
    """Only what is listed, whatever the path says."""
    for name in ("README.md", "..%2fapp.py", "%2e%2e%2f%2e%2e%2fapp.py", "swagger-ui", "start.js%00"):
        is_problem(await api.get(f"/docs/assets/{name}"), "not-found")


async def test_route_without_a_declared_access_stops_the_start(world: World) -> None:
    """Closed by default: whoever adds a route has to say for whom it is open."""

    @get("/secret", sync_to_thread=False)
    def leak() -> str:
        return "everything"

    app = create_app(world.services)
    app.register(leak)
    with pytest.raises(OpenRoute, match="/secret"):
        refuse_open_routes(app)
    with pytest.raises(OpenRoute):
        refuse_open_routes(Litestar([leak], openapi_config=None))


async def test_names_of_routes_are_unique() -> None:
    """A name is the client's method and the document's operationId."""
    assert len(BY_NAME) == len(ENDPOINTS)
