"""An API and workers as processes, and a key for them."""

import subprocess
from collections.abc import Iterator

import pytest
from tests.integration.deploy.pods import COMMAND, PATIENCE_S
from tests.integration.worker.processes import Scene, scene


@pytest.fixture
def stage(database_url: str) -> Iterator[Scene]:
    """Give a database and room for processes."""
    with scene(database_url, EQUEUE_HOST="127.0.0.1") as opened:
        yield opened


@pytest.fixture
def key(database_url: str) -> str:
    """Return the key of somebody who may enqueue."""
    words = ("keys", "create", "load", "--user", "load@example.org", "--role", "operator")
    command = [*COMMAND, *words, "--database-url", database_url]
    made = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return made.stdout.strip().splitlines()[-1]
