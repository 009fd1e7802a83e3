"""The API over the memory adapters, and clients that call it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
import structlog.testing
from tests.unit.http.world import Caller, World, a_world


@pytest.fixture(scope="session")
def common_world() -> World:
    """Give an API that tests use one after the other."""
    return asyncio.run(a_world())


@pytest.fixture
async def world(common_world: World) -> World:
    """Give the empty store behind the API, and the key of a member."""
    await common_world.empty()
    return common_world


@pytest.fixture
async def api(world: World) -> AsyncIterator[Caller]:
    """Give a caller with the key of an ordinary member."""
    async with world.caller() as caller:
        yield caller


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """Give what is logged during the test, instead of printing it."""
    with structlog.testing.capture_logs() as entries:
        yield entries
