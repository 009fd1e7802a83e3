"""A real API over PostgreSQL, with a key for each role."""

import asyncio
from collections.abc import Iterator, Mapping

import attrs
import pytest
from tests.integration.worker.processes import Scene
from tests.ports import free_port

from equeue.domain.access import Role
from equeue.entrypoints.container import build, close
from equeue.entrypoints.settings import read_settings

SECRET = {"EQUEUE_SECRET_KEYS": "k" * 32}


@attrs.frozen
class Served:
    """Where the API is, and whose keys it knows."""

    address: str
    keys: Mapping[str, str]


@pytest.fixture(scope="session")
def served(shared_database_url: str) -> Iterator[Served]:
    """Give an API for all tests of this session."""
    scene = Scene(shared_database_url, SECRET)
    port = free_port()
    try:
        scene.begin("api", "--port", str(port)).until_logged("http.serving")
        yield Served(f"http://127.0.0.1:{port}", asyncio.run(_keys(shared_database_url)))
    finally:
        scene.close()


async def _keys(url: str) -> Mapping[str, str]:
    container = build(read_settings({"EQUEUE_DATABASE_URL": url} | SECRET))
    try:
        create = container.create_key()
        return {role: await create("fuzz", f"{role}@example.org", role) for role in Role}
    finally:
        await close(container)
