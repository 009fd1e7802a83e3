"""Fixtures for tests that hold on every version of PostgreSQL that is there."""

from collections.abc import Iterator

import pytest
from tests.servers import Server

VERSIONS = {"18": "", "15": "_15"}
"""The newest and the oldest supported; the oldest is skipped, saying so, where Debian's is not installed."""


@pytest.fixture(scope="session", params=VERSIONS)
def each_server(request: pytest.FixtureRequest) -> tuple[Server, str]:
    """Return each version's server with the name of its migrated template."""
    suffix = VERSIONS[request.param]
    return request.getfixturevalue(f"server{suffix}"), request.getfixturevalue(f"template{suffix}")


@pytest.fixture
def each_database_url(each_server: tuple[Server, str]) -> Iterator[str]:
    """Give the address of a fresh migrated database on each version."""
    server, template = each_server
    with server.clone(template) as url:
        yield url
