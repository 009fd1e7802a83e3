"""The API over the memory adapters, and clients that call it."""

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from tests.unit.http.world import World, a_world


@pytest.fixture
async def world() -> World:
    """Give the store behind the API, and keys of every kind."""
    return await a_world()


@attrs.frozen
class Caller:
    """Calls the API with one key."""

    client: AsyncTestClient[Litestar]
    key: str | None

    async def __call__(self, method: str, path: str, **request: Any) -> Any:
        """Send one request."""
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= request.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **request)

    async def get(self, path: str, **request: Any) -> Any:
        """GET."""
        return await self("GET", path, **request)

    async def post(self, path: str, **request: Any) -> Any:
        """POST."""
        return await self("POST", path, **request)

    def with_key(self, key: str | None) -> "Caller":
        """Return a caller with another key."""
        return attrs.evolve(self, key=key)


@pytest.fixture
async def api(world: World) -> AsyncIterator[Caller]:
    """Give a caller with the key of an ordinary member."""
    async with AsyncTestClient(world.app, raise_server_exceptions=False) as client:
        yield Caller(client, world.member_key)
