"""Everything here is chaos: real processes, real signals, a real database, and faults in rounds."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import servers
from tests.chaos.owned import Own

from equeue.adapters.postgres.migrate import migrate_up

FOLDER = Path(__file__).parent
TEMPLATE = "chaos_template"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, so that a run may leave it out by `-m 'not chaos'`."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker("chaos")
            item.add_marker(pytest.mark.timeout(3_600))


@pytest.fixture(scope="session")
def own_folder() -> Iterator[Path]:
    """Give the folder of a server that is this process's alone; it ends with the run."""
    with servers.locked(servers.run_folder() / f"chaos-{os.getpid()}") as folder:
        server = servers.start(servers.embedded_binaries(), folder)
        server.run("create database {}", TEMPLATE)
        migrate_up(server.database(TEMPLATE))
        yield folder


@pytest.fixture
def own(own_folder: Path) -> Iterator[Own]:
    """Give a server that may be stopped, with a fresh migrated database; it runs again afterwards."""
    with servers.start(servers.embedded_binaries(), own_folder).clone(TEMPLATE) as url:
        made = Own(own_folder, url)
        yield made
        made.revive()
