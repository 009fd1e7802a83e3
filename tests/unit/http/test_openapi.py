"""The OpenAPI document, its page, and that both say what the API does."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.builders import NOON, a_job
from tests.unit.http.world import Caller, World
from uuid_utils.compat import uuid7

from equeue.adapters.memory.store import KeptOperation
from equeue.application.ports.queues import StoredQueue
from equeue.domain.access import Role
from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import BulkOperation
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.queue import UNSET
from equeue.domain.status import JobStatus
from equeue.entrypoints.http.app import API_ENDPOINTS, ENDPOINTS
from equeue.entrypoints.http.endpoint import EVENT_STREAM
from equeue.entrypoints.http.openapi import document
from equeue.entrypoints.http.problems import KINDS
from equeue.entrypoints.http.wire import encode

CHECKED_IN = Path(__file__).parents[3] / "docs" / "openapi.json"


PROVED_OTHERWISE = {"log_in", "refresh_session", "follow_link"}
"""Who one is, is proved by a password or a cookie there."""


def the_document() -> Any:
    """Return the document as readers get it."""
    return msgspec.json.decode(encode(document(API_ENDPOINTS)))


def operations() -> list[tuple[str, str, Any]]:
    """Return (path, method, operation) of each operation."""
    return [(path, method, one) for path, item in the_document()["paths"].items() for method, one in item.items()]


def test_checked_in_document_is_the_present_one() -> None:
    """`docs/openapi.json` drifted: renew it with `python -m equeue.entrypoints.http > docs/openapi.json`."""
    assert json.loads(CHECKED_IN.read_text("utf-8")) == the_document()


async def test_served_document_is_the_checked_in_one(api: Caller) -> None:
    """Whoever asks the server reads the same."""
    assert (await api.with_key(None).get("/api/v1/openapi.json")).json() == json.loads(CHECKED_IN.read_text("utf-8"))


def test_every_route_of_the_api_is_in_it() -> None:
    """No route is kept quiet but the document itself."""
    told = {(path, method) for path, method, _ in operations()}
    served = {
        (endpoint.path.replace(":str}", "}"), endpoint.method.lower())
        for endpoint in ENDPOINTS
        if endpoint.path.startswith(("/api/", "/health/")) and endpoint.name != "get_openapi"
    }
    assert told == served


def test_every_reference_leads_somewhere() -> None:
    """And nothing is defined for nobody."""
    whole = the_document()
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(whole)))
    assert referred == set(whole["components"]["schemas"])


def test_every_operation_tells_its_errors() -> None:
    """Each names its problems; what needs a key says 401 and how to send one."""
    for _, _, operation in operations():
        statuses = set(operation["responses"])
        assert {"400", "500", "503"} <= statuses
        asks_for_more = operation["operationId"] in PROVED_OTHERWISE
        assert ("401" in statuses) == (bool(operation["security"]) or asks_for_more)
        told = re.findall(r"`([a-z0-9-]+)`:", json.dumps(operation["responses"]))
        assert told
        assert set(told) <= KINDS.keys()


def test_names_of_operations_are_unique_and_python() -> None:
    """An operationId is the name of the client's method."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names)


def _check(schema: Any, value: Any, schemas: Any, where: str = "$") -> None:
    """Assert that `value` has the members that `schema` names, and no others; enough to catch a forgotten field."""
    if "$ref" in schema:
        return _check(schemas[schema["$ref"].rpartition("/")[2]], value, schemas, where)
    if "discriminator" in schema:
        told = schema["discriminator"]
        return _check({"$ref": told["mapping"][value[told["propertyName"]]]}, value, schemas, where)
    if "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if (one.get("type") == "null") == (value is None)]
        return _check(fitting[0], value, schemas, where) if fitting and value is not None else None
    if schema.get("type") == "object" and "properties" in schema:
        assert set(schema["required"]) <= value.keys() <= schema["properties"].keys(), where
        for name, inner in value.items():
            _check(schema["properties"][name], inner, schemas, f"{where}.{name}")
    if schema.get("type") == "array":
        for inner in value:
            _check(schema["items"], inner, schemas, f"{where}[]")
    if "enum" in schema:
        assert value in schema["enum"], where
    return None


@pytest.mark.parametrize(
    "endpoint",
    [one for one in API_ENDPOINTS if one.method == "GET" and EVENT_STREAM not in one.streams],
    ids=lambda one: one.name,
)
async def test_answers_are_as_told(api: Caller, world: World, endpoint: Any) -> None:
    """What is served has the shape that the document promises."""
    await world.declare("a")
    job = a_job(JobStatus.SUCCEEDED, user_id=world.member.id, queue="email")
    world.store.jobs[job.id] = job
    path = endpoint.path.replace(":str}", "}")
    operation = the_document()["paths"][path]["get"]
    bulk = BulkPlan(action=BulkAction.RETRY, where=BulkFilter(queues=("email",), job_ids=(job.id,)), mark=NOON)
    created = BulkOperation.created(uuid7(), bulk, SYSTEM, 1, NOON)
    world.store.operations[created.id] = KeptOperation(created, NOON)
    world.store.queues["email"] = StoredQueue("email", UNSET, NOON, NOON)
    person = await world.person(Role.ADMIN)
    admin = api.with_key(await world.key_of(person))
    (key_id, *_) = world.store.keys
    await admin.post("/api/v1/schedules", json={"name": "x", "every_s": 60, "job": {"task": "a"}})
    ids = {"job_id": job.id, "operation_id": created.id, "user_id": person.id, "key_id": key_id}
    answer = await admin.get(path.format(task_id="a", name="email", schedule="x", **ids))
    content = operation["responses"][str(answer.status_code)]["content"]
    if endpoint.streams:
        assert answer.headers["content-type"].partition(";")[0] in content
        return
    told = content["application/json"]["schema"]
    _check(told, answer.json(), the_document()["components"]["schemas"])


async def test_page_needs_nothing_from_elsewhere(api: Caller) -> None:
    """Every asset that the page names is ours and there, and its policy lets nothing else in."""
    page = await api.with_key(None).get("/docs")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 5
    for address in addresses:
        assert address.startswith("/")
        assert (await api.with_key(None).get(address)).status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


async def test_assets_carry_their_licence(api: Caller) -> None:
    """What is somebody else's is marked as such, next to where it is."""
    folder = Path(__file__).parents[3] / "src/entrypoints/http/static/swagger-ui"
    assert "Apache License" in (folder / "LICENSE").read_text("utf-8")
    assert "SmartBear" in (folder / "NOTICE").read_text("utf-8")
    bundle = await api.get("/docs/assets/swagger-ui-bundle.js")
    assert bundle.headers["cache-control"] == "public, max-age=86400"
    assert "LICENSE" in bundle.text[:200]


def test_what_the_server_itself_refuses_is_told() -> None:
    """A slow or overlong request, and a server that has no time: every operation says so, and how long to wait."""
    for _, _, operation in operations():
        responses = operation["responses"]
        assert {"408", "431", "503"} <= set(responses)
        assert all("Retry-After" in responses[status]["headers"] for status in {"429", "503"} & set(responses))
