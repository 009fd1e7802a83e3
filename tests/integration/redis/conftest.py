"""A Redis of a test's own, to be ill-treated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.redis_servers import RedisServer


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Give a server that nobody else uses."""
    server = RedisServer(tmp_path).start()
    yield server
    server.go_on()
    server.kill()
