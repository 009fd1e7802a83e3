"""The world in which a worker's tests take place."""

from collections.abc import AsyncIterator

import pytest
from tests.unit.worker.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world whose workers are stopped at the end."""
    world = World()
    yield world
    await world.stop()
