"""`equeue dev`: what starts with it ends with it, and what it keeps is there the next time."""

import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.tree import Tree, state_folder, tree

from equeue.entrypoints.sdk.api import Api


@pytest.fixture
def state() -> Iterator[Path]:
    """Give a folder for a tree's state."""
    with state_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def served() -> Iterator[Tree]:
    """Give a tree that serves; tests may kill parts of it, for it mends itself."""
    with state_folder() as folder, tree(folder) as started:
        yield started.serving()


def hello(served: Tree, name: str = "you") -> str:
    """Enqueue a job and return its id."""
    with Api(served.url, served.key) as api:
        job_id: str = api.enqueue({"task": "tour.hello", "queue": "tour", "payload": {"name": name}})["job"]["id"]
    return job_id


def test_api_and_worker_are_processes_of_their_own(served: Tree) -> None:
    """Three distinct pids; what is secret lies in files that only their owner reads."""
    hello(served)

    assert len({served.process.pid, *served.pids.values()}) == 3
    assert stat.S_IMODE((served.state / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((served.state / "secret").stat().st_mode) == 0o600


def test_no_secret_stands_in_a_command_line(served: Tree) -> None:
    """Command lines are open to everybody on the machine: neither key nor signing key is in one."""
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True, timeout=10).stdout

    assert served.key not in listing
    assert (served.state / "secret").read_text().strip() not in listing


def until_done(api: Api, job_id: str) -> None:
    """Wait until a job has succeeded."""
    end = time.monotonic() + 30
    while api.job(job_id)["status"] != "succeeded":
        assert time.monotonic() < end


def test_hints_may_go_through_redis(state: Path) -> None:
    """It is brought along, started again when it dies, and ends with the rest."""
    with tree(state, EQUEUE_QUEUE_BACKEND="redis") as started:
        pid = int(started.saw("Valkey started").rpartition("pid ")[2].rstrip(")"))
        started.serving()
        with Api(started.url, started.key) as api:
            until_done(api, hello(started))
            os.kill(pid, signal.SIGKILL)
            started.saw("Valkey is back")
            until_done(api, hello(started))
        assert started.stop() == 0
        started.gone()


def test_second_tree_in_one_folder_is_refused(served: Tree) -> None:
    """Two supervisors never share data; the message names the one that runs."""
    with tree(served.state) as second:
        line = second.saw("another `equeue dev`")

        assert str(served.process.pid) in line
        assert second.process.wait(10) == 1


@pytest.mark.parametrize("name", ["api", "worker"])
def test_killed_process_is_started_again(served: Tree, name: str) -> None:
    """A kill -9 is noticed, said, and followed by a new process that does the work."""
    before = served.pids[name]
    os.kill(before, signal.SIGKILL)

    assert "was ended by SIGKILL" in served.saw(f"{name} (pid {before})")
    served.saw(f"{name} started")
    served.saw({"api": "http.serving", "worker": "worker.started"}[name])
    assert served.pids[name] != before
    hello(served)


def test_killed_database_is_started_again(served: Tree) -> None:
    """PostgreSQL comes back with everything that was acknowledged."""
    job_id = hello(served)
    pid_file = served.state / "postgres" / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

    served.saw("PostgreSQL ended; starting it again")
    served.saw("PostgreSQL is back")
    with Api(served.url, served.key) as api:
        assert api.job(job_id)["id"] == job_id


def test_ctrl_c_ends_everything_and_the_next_start_finds_it_all(state: Path) -> None:
    """One signal to the supervisor ends every process with exit code 0; jobs and key are there the next time."""
    with tree(state) as first:
        first.serving()
        job_id, key = hello(first), first.key
        assert first.stop(signal.SIGINT) == 0
        assert first.alive() == []

    with tree(state) as second:
        second.serving()
        with Api(second.url, key) as api:
            assert api.job(job_id)["id"] == job_id
        assert second.key == key


def test_given_database_is_used_and_nothing_embedded(state: Path, empty_database_url: str) -> None:
    """With EQUEUE_DATABASE_URL a real server is migrated and used; the key is made valid there too."""
    with tree(state, EQUEUE_DATABASE_URL=empty_database_url) as started:
        hello(started.serving())

        assert not (state / "postgres").exists()
        assert any("schema migrated" in line for line in started.lines)


def test_taken_port_is_said_with_a_remedy(state: Path) -> None:
    """Nothing is started; the message names the port and the variable that changes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with tree(state, EQUEUE_PORT=port) as refused:
            line = refused.saw(f"port {port} of 127.0.0.1 is in use")

            assert "EQUEUE_PORT=" in line
            assert refused.process.wait(10) == 1
            assert not (state / "postgres").exists()


def test_killed_supervisor_takes_everything_with_it(state: Path) -> None:
    """Not even a kill -9 of the supervisor leaves a process behind, and the next start finds the data in order."""
    with tree(state) as first:
        first.serving()
        job_id = hello(first)
        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
        first.gone()

    with tree(state) as second:
        second.serving()
        with Api(second.url, second.key) as api:
            assert api.job(job_id)["id"] == job_id


def test_failing_follower_is_told_by_the_exit_code(state: Path) -> None:
    """`--then … --until-done` ends with the command, and as the command ended."""
    with tree(state, "--then", "sh -c 'echo followed; exit 3'", "--until-done") as started:
        started.saw("followed")
        started.saw("exited with 3")

        assert started.process.wait(10) == 1


def test_signal_during_the_follower_stops_it_too(state: Path) -> None:
    """Ctrl-C while the tour runs ends the tour as well."""
    with tree(state, "--then", "sh -c 'echo sleeping; sleep 1000'") as started:
        started.saw("sleeping")

        assert started.stop() == 0
        started.gone(1)


def test_usage_error_starts_nothing(state: Path) -> None:
    """A bad setting stops us at once, with its name."""
    with tree(state, EQUEUE_LEASE_S="soon") as refused:
        assert "EQUEUE_LEASE_S must be a number of seconds" in refused.saw("EQUEUE_LEASE_S")
        assert refused.process.wait(10) == 2
