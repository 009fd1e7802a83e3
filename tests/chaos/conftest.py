"""Everything here is chaos: real processes, real signals, a real database, and faults in rounds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import servers
from tests.chaos.owned import Own

from equeue.adapters.postgres.migrate import migrate_up

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that a run may leave it out by `-m 'not chaos'`."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker("chaos")
            item.add_marker(pytest.mark.timeout(3_600))


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """Give a server with a migrated database."""
    name = f"chaos-{tmp_path_factory.getbasetemp().name}"
    with servers.locked(servers.run_folder() / name) as folder:
        server = servers.start(servers.embedded_binaries(), folder)
        server.run("create database {}", "chaos")
        url = server.database("chaos")
        migrate_up(url)
        yield Own(folder, url)
        servers.halt(servers.embedded_binaries(), folder, "immediate")
