"""The pytest plugin, in a run of its own."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest
from equeue import Tasks

tasks = Tasks()

@tasks.task("user.tell")
def tell(text: str) -> str:
    return text.upper()

@pytest.fixture
def equeue_tasks():
    return tasks
"""
SUITE = """
import asyncio
from conftest import tell
from equeue import Producer

def test_enqueues(equeue_app):
    Producer("postgresql://nowhere/").enqueue(tell, text="x")
    assert equeue_app.enqueued(tell, text="x")
    assert [job.result for job in asyncio.run(equeue_app.drain())] == ["X"]

def test_starts_empty(equeue_app):
    assert equeue_app.enqueued() == []
"""
PLAIN = ("-p", "no:cacheprovider", "-p", "no:cloudcoil")
"""Of other packages' plugins, one that comes with models of Kubernetes wants what it does not declare."""

IMPORTS = """
import sys
import pytest

class Watch:
    def pytest_sessionfinish(self):
        print("LOADED", *sorted({name for name in sys.modules if name.startswith(("equeue", "sqlalchemy", "psycopg"))}))

sys.exit(pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", "-p", "no:cloudcoil"], plugins=[Watch()]))
"""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_fixture_is_there_by_itself(tmp_path: Path) -> None:
    """An installed eQueue gives `equeue_app`, fresh for each test, with no line of configuration."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_suite.py").write_text(SUITE)
    done = _run(tmp_path, "-m", "pytest", "-q", *PLAIN, "-p", "no:asyncio", "-W", "error")
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_run_that_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    """Of eQueue only the plugin itself is imported then."""
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n")
    done = _run(tmp_path, "-c", IMPORTS)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("LOADED")]
    assert line.split()[1:] == ["equeue", "equeue.testing", "equeue.testing.plugin"]
