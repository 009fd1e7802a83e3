"""As many init containers as there are pods start at once."""

import subprocess

from tests.integration.deploy.pods import COMMAND, PATIENCE_S
from tests.integration.deploy.policy import pod_of
from tests.integration.deploy.rendering import named, rendered
from tests.tree import ROOT


def test_ten_init_containers_at_once(empty_database_url: str) -> None:
    """One migrates, the others wait for it, and all of them end well: each pod may start its container."""
    (first,) = pod_of(named(rendered("production"), "Deployment", "equeue-api"))["initContainers"]
    migrators = [
        subprocess.Popen(
            [*COMMAND, *first["args"], "--database-url", empty_database_url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    told = [migrator.communicate(timeout=PATIENCE_S)[0].strip() for migrator in migrators]

    assert [migrator.returncode for migrator in migrators] == [0] * 10
    assert sum(line.startswith("applied") for line in told) == 1
    assert sum(line.startswith("nothing to do") for line in told) == 9
