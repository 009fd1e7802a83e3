"""The stage: one server for all, a fresh database for each run, and what its statistics say."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import attrs
import psycopg
from tests import servers as test_servers
from tests.servers import Server

from bench import servers

from .contenders import Contender
from .processes import WorkerProcess, running
from .starts import VARIABLE, Starts

SETTINGS = servers.SETTINGS | {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top"}
CALLS: LiteralString = """
select coalesce(sum(calls), 0)::bigint from pg_stat_statements
join pg_database on pg_database.oid = dbid where datname = %s
"""


@attrs.frozen
class Stage:
    """Where contenders run."""

    server: Server
    starts: Starts
    folder: Path
    _installed: set[str] = attrs.field(factory=set, init=False)

    @contextmanager
    def database(self, contender: Contender) -> Iterator[str]:
        """Give the address of a fresh database with the contender's tables, gone afterwards."""
        template = "template_" + "".join(letter if letter.isalnum() else "_" for letter in contender.name)
        if template not in self._installed:
            self.server.run("create database {}", template)
            self.call(contender.command(contender.install, self.server.database(template)))
            self._installed.add(template)
        name = f"run_{time.monotonic_ns()}"
        self.server.run("create database {} template {}", name, template)
        self.starts.clear()
        try:
            yield self.server.database(name)
        finally:
            self.server.run("drop database {} with (force)", name)

    def call(self, command: list[str], timeout: float = 120) -> str:
        """Run a program to its end and return what it printed."""
        done = subprocess.run(command, env=self.environ, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stdout[-1000:]}{done.stderr[-2000:]}")
        return done.stdout

    def offer(self, contender: Contender, url: str, count: int, gap: float) -> list[tuple[int, int]]:
        """Enqueue one job after the other through the contender's own API; return before and after of each call."""
        if contender.offer is None:
            raise ValueError(f"{contender.name} takes no single jobs")
        calls: list[tuple[int, int]] = json.loads(self.call(contender.command(contender.offer, url, count, gap)))
        return calls

    @contextmanager
    def workers(self, contender: Contender, url: str, workers: int = 1) -> Iterator[list[WorkerProcess]]:
        """Give so many running workers of the contender."""
        command = contender.command(contender.work, url)
        with running(command, self.environ, self.folder / "workers.log", workers) as started:
            yield started

    @property
    def environ(self) -> dict[str, str]:
        """What every program is started with."""
        return {**os.environ, VARIABLE: str(self.starts.path), "EQUEUE_LOG_LEVEL": "warning"}

    def statements(self, url: str) -> int:
        """Return how many statements that database has answered."""
        with psycopg.connect(self.server.url, autocommit=True) as connection:
            row = connection.execute(CALLS, (psycopg.conninfo.conninfo_to_dict(url)["dbname"],)).fetchone()
        return int(row[0]) if row else 0


def fill(url: str, contender: Contender, jobs: int) -> None:
    """Insert jobs, and bring table and statistics into a known state."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(contender.fill, {"jobs": jobs})
        connection.execute(f"vacuum (analyze) {contender.table}".encode())
        connection.execute("checkpoint")


def value(connection: psycopg.Connection[Any], query: LiteralString) -> int:
    """Return the one number that a query gives."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def wait_for(reached: Callable[[], bool], workers: list[WorkerProcess], seconds: float, step: float = 0.005) -> None:
    """Return once `reached`; raise if a worker ends or `seconds` go by."""
    end = time.monotonic() + seconds
    while not reached():
        for worker in workers:
            worker.check()
        if time.monotonic() > end:
            raise TimeoutError(f"not there after {seconds} s")
        time.sleep(step)


@contextmanager
def opened() -> Iterator[Stage]:
    """Give a stage on a server of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="equeue-bench-"))
    folder.chmod(0o755)
    try:
        with test_servers.locked(folder / "pg") as place:
            server = test_servers.start(test_servers.embedded_binaries(), place, SETTINGS)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("create extension pg_stat_statements")
            yield Stage(server, Starts(folder / "starts"), folder)
    finally:
        test_servers.close_run(folder)
