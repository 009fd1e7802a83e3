"""The tour, whole, as `make run` does it; and with its worker killed in the middle."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tests.tree import ROOT, Tree, state_folder, tree

from equeue.entrypoints.sdk.api import Api

README = ROOT / "README.md"
TOUR = f"{sys.executable} examples/tour.py"
TOUR_S = 300.0
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def after_the_tour() -> Iterator[Tree]:
    """Give a tree whose tour is over and that goes on serving."""
    with state_folder() as state, tree(state, "--then", TOUR) as started:
        started.saw("Ctrl-C stops everything", TOUR_S)
        yield started


def told(tree: Tree, name: str) -> str:
    """Return a value of the summary table."""
    (row,) = (line for line in tree.lines if line.startswith(f"│ {name} "))
    return row.split("│")[2].strip()


def test_every_job_of_the_tour_ends_as_it_should(after_the_tour: Tree) -> None:
    """Hundreds of modules parsed, one job saved by its retry, one dead, and distinct processes named."""
    assert int(told(after_the_tour, "done")) > 300
    assert int(told(after_the_tour, "retried")) >= 2
    assert told(after_the_tour, "dead") == "1"
    assert told(after_the_tour, "API process") == str(after_the_tour.pids["api"])
    assert told(after_the_tour, "worker processes") == str(after_the_tour.pids["worker"])
    assert not any("not as it should be" in line for line in after_the_tour.lines)


def test_readme_curl_lines_enqueue_a_job_and_get_its_result(after_the_tour: Tree) -> None:
    """What a reader pastes works: the lines are taken from the README, only the port is the test's."""
    script = "\n".join(curl_lines())
    done = subprocess.run(
        ["sh", "-eu", "-c", script.replace("http://127.0.0.1:8000", after_the_tour.url)],
        cwd=after_the_tour.state.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert '"status":"succeeded"' in done.stdout
    assert '"functions":' in done.stdout


def test_killed_worker_is_replaced_and_every_job_still_ends_as_it_should() -> None:
    """A kill -9 in the middle of the tour: what the dead worker held lapses and is run by its successor."""
    with (
        state_folder() as state,
        tree(state, "--then", TOUR, "--until-done", EQUEUE_LEASE_S="4", EQUEUE_CONCURRENCY="4") as started,
    ):
        started.saw("hello you")
        in_the_middle(started)
        os.kill(started.pids["worker"], signal.SIGKILL)
        started.saw("was ended by SIGKILL")
        started.saw("leases.lapsed")
        started.saw("The report job read them", TOUR_S)

        assert started.process.wait(60) == 0, started.lines
        assert told(started, "dead") == "1"
        assert len(told(started, "worker processes").split(", ")) == 2


def in_the_middle(started: Tree) -> None:
    """Return once the first modules are counted, and so the next ones are in the worker's hands."""
    end = time.monotonic() + 60
    with Api(started.url, started.key) as api:
        while not next(api.jobs({"task": "tour.count_module", "status": "succeeded"}, page=1), None):
            assert time.monotonic() < end, "no module was counted"
            time.sleep(0.02)


def curl_lines() -> list[str]:
    """Return the README's shell block that calls the API."""
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    (block,) = (block for block in blocks if "curl" in block)
    return block.splitlines()
