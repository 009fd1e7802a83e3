"""Readiness as the container looks for it: anybody may ask, so nobody learns from it where the database is."""

import socket
from collections.abc import Iterator, MutableMapping
from typing import Any

import attrs
import pytest
import structlog.testing
from tests.unit.http.asserts import is_problem
from tests.unit.http.world import a_world, calling

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.postgres.engine import create_engine
from equeue.entrypoints.container import readiness
from equeue.entrypoints.http.app import create_app

CANARY = "canary-8f1e"


@pytest.fixture
def shut_port() -> Iterator[int]:
    """Give a port at which nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """Give what is logged during the test, instead of printing it."""
    with structlog.testing.capture_logs() as entries:
        yield entries


async def test_readiness_tells_nothing_of_the_address(shut_port: int, log: list[MutableMapping[str, Any]]) -> None:
    """Neither user nor password, host, port or database: not in the answer, and no password in the log either."""
    engine = create_engine(f"postgresql://user-{CANARY}:word-{CANARY}@127.0.0.1:{shut_port}/base-{CANARY}")
    services = attrs.evolve((await a_world()).services, ready=lambda: readiness(engine, MemoryJobQueue()))
    async with calling(create_app(services), None) as anybody:
        refusal = await anybody.get("/health/ready")
    told = is_problem(refusal, "not-ready")["detail"]
    assert "the database does not answer" in told
    assert not [part for part in (CANARY, "127.0.0.1", str(shut_port)) if part in refusal.text]
    assert f"word-{CANARY}" not in repr(log)
    assert str(shut_port) in repr(log)
    await engine.dispose()
