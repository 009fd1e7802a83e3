"""Request ids, and what is logged of a request."""

import re
from typing import Any

import pytest
from tests.unit.http.world import Caller

FRESH = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("given", ["a", "0123456789abcdef", "A-b-" * 16])
async def test_tame_request_id_is_echoed(api: Caller, given: str) -> None:
    """The caller's own id comes back, on success and on refusal."""
    for path in ("/health/live", "/nope"):
        assert (await api.get(path, headers={"x-request-id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "\x1b[31mred", "a;b", "é", "../../x", "{{7*7}}"])
async def test_wild_request_id_is_replaced(api: Caller, given: str) -> None:
    """What could upset a log or a terminal is not taken over."""
    answer = await api.get("/health/live", headers={"x-request-id": given.encode()})
    assert FRESH.fullmatch(answer.headers["x-request-id"])


async def test_ids_of_requests_differ(api: Caller) -> None:
    """Each request without one gets its own."""
    ids = {(await api.get("/health/live")).headers["x-request-id"] for _ in range(10)}
    assert len(ids) == 10


async def test_request_is_one_line_with_its_facts(api: Caller, log: list[dict[str, Any]]) -> None:
    """Method, path, status, time, id and who."""
    await api.get("/api/v1/me", headers={"x-request-id": "me"})
    [entry] = [entry for entry in log if entry["event"] == "http.answered"]
    assert (entry["method"], entry["path"], entry["status"], entry["request_id"]) == ("GET", "/api/v1/me", 200, "me")
    assert entry["principal"].startswith("key:")
    assert entry["ms"] >= 0


@pytest.mark.parametrize(
    ("method", "path", "level"),
    [
        ("GET", "/api/v1/me", "debug"),
        ("GET", "/api/v1/jobs", "debug"),
        ("GET", "/health/ready", "debug"),
        ("POST", "/api/v1/jobs", "info"),
        ("GET", "/api/v1/jobs?typo=1", "info"),
        ("GET", "/nowhere", "info"),
    ],
)
async def test_looks_that_succeed_are_not_told(
    api: Caller, log: list[dict[str, Any]], method: str, path: str, level: str
) -> None:
    """Clients poll, so a look is worth a line only where one asks for every detail; writes and refusals are told."""
    await api(method, path, json={"task": "a"} if method == "POST" else None)
    [entry] = [entry for entry in log if entry["event"] == "http.answered"]
    assert entry["log_level"] == level


async def test_log_holds_no_secret(api: Caller, log: list[dict[str, Any]]) -> None:
    """Neither key nor payload nor query, on success and on refusal."""
    canary = "canary-8f1e"
    await api.post("/api/v1/jobs", json={"task": "a", "payload": {"password": canary}})
    await api.post("/api/v1/jobs", json={"task": "a", canary: canary})
    await api.post("/api/v1/jobs", content=canary.encode(), headers={"content-type": "application/json"})
    await api.get(f"/api/v1/jobs?token={canary}")
    await api.with_key(canary).get("/api/v1/me")
    assert api.key is not None
    written = repr(log)
    assert len(log) == 5
    assert canary not in written
    assert api.key.split("_", 2)[2] not in written


async def test_path_cannot_forge_a_line(api: Caller, log: list[dict[str, Any]]) -> None:
    """What is logged of a path is percent-encoded and short."""
    await api.get("/x%0a%1b%5b31mforged" + "y" * 500)
    [entry] = [entry for entry in log if entry["event"] == "http.answered"]
    assert entry["path"].startswith("/x%0a%1b%5b31mforged") or entry["path"].startswith("/x%0A%1B%5B31mforged")
    assert len(entry["path"]) == 200
