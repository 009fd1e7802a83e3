"""Every contract test runs once in each world; none is passed over."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TypeAlias

import pytest
from tests.contract.memory_world import memory_world
from tests.contract.world import World

OpenWorld: TypeAlias = Callable[[], AbstractAsyncContextManager[World]]


@pytest.fixture(params=["memory", "postgres"])
def open_world(request: pytest.FixtureRequest) -> OpenWorld:
    """Return what opens an empty world."""
    if request.param == "memory":
        return memory_world
    from tests.contract.postgres_world import postgres_world  # noqa: PLC0415 - memory alone needs no driver

    return partial(postgres_world, request.getfixturevalue("shared_database_url"))


@pytest.fixture
async def world(open_world: OpenWorld) -> AsyncIterator[World]:
    """Give an empty world."""
    async with open_world() as opened:
        yield opened
