"""One migrated database of each version for tests that roll back what they do."""

from collections.abc import Iterator

import psycopg
import pytest
from tests.servers import Server


@pytest.fixture(scope="module")
def database(each_server: tuple[Server, str]) -> Iterator[psycopg.Connection]:
    """Give a connection to a database that the tests of one module share."""
    server, template = each_server
    with server.clone(template) as url, psycopg.connect(url) as connection:
        yield connection
