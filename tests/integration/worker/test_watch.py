"""`equeue worker --watch`: a changed file is served by a fresh process, and nothing else is different."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.worker.processes import Scene, Worker, scene
from tests.ports import free_port

CODE = """
from equeue import Tasks

tasks = Tasks()


@tasks.task("told.word")
async def told() -> str:
    return "{word}"
"""


@pytest.fixture
def here(database_url: str) -> Iterator[Scene]:
    """Give a scene whose processes end with the test."""
    with scene(database_url) as opened:
        yield opened


def write(folder: Path, word: str) -> None:
    """Have the task return another word."""
    (folder / "told.py").write_text(CODE.format(word=word))


def started(here: Scene, folder: Path, *options: str) -> Worker:
    """Start a worker that watches `folder`."""
    worker = here.begin("worker", "told.py", "--watch", *options, cwd=folder)
    worker.until_logged("worker.started")
    return worker


def word(here: Scene) -> object:
    """Run the task and return its result."""
    (job_id,) = here.enqueue("told.word")
    here.until_ended([job_id])
    return here.job(job_id)["result"]


def test_a_changed_file_is_served(here: Scene, tmp_path: Path) -> None:
    """The old process ends in order, a new one takes over; a signal ends both, with 0."""
    write(tmp_path, "old")
    worker = started(here, tmp_path)
    assert word(here) == "old"
    write(tmp_path, "renewed")
    here.until(lambda: [line["event"] for line in worker.events()].count("worker.started") == 2)
    assert word(here) == "renewed"
    assert "worker.stopped" in [line["event"] for line in worker.events()]
    worker.tell(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert [line["event"] for line in worker.events()].count("worker.stopped") == 2


def test_a_broken_file_is_waited_for(here: Scene, tmp_path: Path) -> None:
    """A mistake ends the process, not the watch."""
    write(tmp_path, "old")
    worker = started(here, tmp_path)
    (tmp_path / "told.py").write_text("this is no Python")
    here.until(lambda: any("starting it again after a change" in line for line in worker.lines))
    write(tmp_path, "mended")
    here.until(lambda: [line["event"] for line in worker.events()].count("worker.started") == 2)
    assert word(here) == "mended"


def test_a_worker_that_is_done_ends_the_watch(here: Scene, tmp_path: Path) -> None:
    """A burst ends as without a watch."""
    write(tmp_path, "old")
    (job_id,) = here.enqueue("told.word")
    worker = started(here, tmp_path, "--burst")
    assert worker.wait() == 0
    assert here.job(job_id)["status"] == "succeeded"


def test_a_development_tree_watches_too(here: Scene, tmp_path: Path) -> None:
    """`equeue dev --watch`: the API goes on, the worker is a fresh one, Ctrl-C ends all in order."""
    write(tmp_path, "old")
    log = tmp_path / ".equeue" / "logs" / "worker.log"
    dev = here.begin("dev", "told.py", "--watch", cwd=tmp_path, EQUEUE_PORT=str(free_port()))
    here.until(lambda: log.exists() and log.read_text().count("worker.started") == 1, 60)
    assert word(here) == "old"
    write(tmp_path, "renewed")
    here.until(lambda: log.read_text().count("worker.started") == 2, 60)
    assert word(here) == "renewed"
    dev.tell(signal.SIGINT)
    assert dev.wait(15) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_watch_leaves_no_worker(here: Scene, tmp_path: Path) -> None:
    """Kill -9 reaches the worker too."""
    write(tmp_path, "old")
    worker = started(here, tmp_path)
    asked = (
        "select count(*) as n from pg_stat_activity where application_name = 'equeue' and datname = current_database()"
    )
    worker.tell(signal.SIGKILL)
    here.until(lambda: here.database.execute(asked).fetchone() == {"n": 0})
