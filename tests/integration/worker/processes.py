"""Worker processes as a test holds them: started by the command line, told by signals, read by their logs."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import psycopg
from psycopg.rows import dict_row
from tests.integration.worker.app import LEDGER
from tests.ports import free_port

from equeue.entrypoints.dev.postgres import leashed

PATIENCE = 30.0
APP = "tests.integration.worker.app:tasks"


class Worker:
    """One `equeue worker`, or another of its commands, in a process group of its own."""

    def __init__(self, url: str, settings: dict[str, str], *words: str, cwd: Path | None = None) -> None:
        prefix = url.partition("?")[0].rpartition("/")[2]
        own = {"EQUEUE_DATABASE_URL": url, "LEDGER_URL": url, "EQUEUE_REDIS_PREFIX": prefix}
        environment = {**os.environ, **own, **settings}
        self._process = subprocess.Popen(
            leashed([sys.executable, "-m", "equeue.entrypoints.cli", *words], signal.SIGKILL),
            env=environment,
            cwd=cwd,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        self.lines: list[str] = []
        self._fresh: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Return the exit code; fail if the process outlives `seconds`."""
        code = self._process.wait(seconds)
        self._reader.join(5)
        return code

    def events(self) -> list[dict[str, Any]]:
        """Return the log so far."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def until_logged(self, event: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for a line of the log."""
        deadline = time.monotonic() + seconds
        while True:
            for line in self.events():
                if line["event"] == event:
                    return line
            try:
                self._fresh.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no {event} in:\n" + "\n".join(self.lines)) from None

    def close(self) -> None:
        """Kill whatever is left of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(10)
        self._reader.join(5)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))
            self._fresh.put(None)


@attrs.frozen
class Row:
    """One line of the ledger."""

    job_id: UUID
    token: int
    what: str
    pid: int


class Scene:
    """A database, and the workers on it."""

    def __init__(self, url: str, settings: dict[str, str]) -> None:
        self.url = url
        self._settings = settings
        self.workers: list[Worker] = []
        self.reconnect()
        self.database.execute(LEDGER)

    def reconnect(self) -> None:
        """Ask over a new connection from here on."""
        self.database = psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def start(self, app: str = APP, *options: str, **settings: str) -> Worker:
        """Start a worker and wait until it works."""
        worker = self.begin("worker", app, *options, cwd=None, **settings)
        worker.until_logged("worker.started")
        return worker

    def serve(self, **settings: str) -> Worker:
        """Start an API and wait until it serves."""
        server = self.begin("api", "--port", str(free_port()), cwd=None, **settings)
        server.until_logged("http.serving")
        return server

    def begin(self, *words: str, cwd: Path | None = None, **settings: str) -> Worker:
        """Start a command, and wait for nothing."""
        process = Worker(self.url, {**self._settings, **settings}, *words, cwd=cwd)
        self.workers.append(process)
        return process

    def enqueue(self, task: str, payload: str = "{}", count: int = 1, **columns: object) -> list[UUID]:
        """Insert jobs by plain SQL and ring."""
        names = "".join(f", {name}" for name in columns)
        values = "".join(", %s" for _ in columns)
        rows = self.database.execute(
            f"insert into equeue.jobs (task, payload{names}) "
            f"select %s, %s::jsonb{values} from generate_series(1, %s) returning id",
            (task, payload, *columns.values(), count),
        )
        return [row["id"] for row in rows]

    def job(self, job_id: UUID) -> dict[str, Any]:
        row = self.database.execute("select * from equeue.jobs where id = %s", (job_id,)).fetchone()
        assert row is not None
        return row

    def attempts(self, job_id: UUID) -> list[dict[str, Any]]:
        """Return the recorded attempts, oldest first; a success at the first attempt has no row of its own."""
        return self.database.execute(
            "select * from equeue.attempts where job_id = %s order by finished_at", (job_id,)
        ).fetchall()

    def counts(self) -> dict[str, int]:
        rows = self.database.execute("select status::text, count(*) as n from equeue.jobs group by 1")
        return {row["status"]: row["n"] for row in rows}

    def ledger(self, what: str | None = None) -> list[Row]:
        rows = self.database.execute(
            "select job_id, token, what, pid from ledger where %(what)s::text is null or what = %(what)s order by n",
            {"what": what},
        )
        return [Row(**row) for row in rows]

    def until(self, true: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something is true in the database."""
        deadline = time.monotonic() + seconds
        gap = threading.Event()
        while not true():
            assert time.monotonic() < deadline, self._story()
            gap.wait(0.02)

    def until_ended(self, ids: Sequence[UUID], seconds: float = PATIENCE) -> None:
        """Wait until none of the jobs waits or runs."""
        question = "select 1 from equeue.jobs where id = any(%s) and finished_at is null limit 1"
        self.until(lambda: self.database.execute(question, (list(ids),)).fetchone() is None, seconds)

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.database.close()

    def _story(self) -> str:
        lines = [f"{worker.pid}: {line}" for worker in self.workers for line in worker.lines[-20:]]
        return "\n".join([str(self.counts()), *map(str, self.ledger()[-20:]), *lines])


@contextmanager
def scene(url: str, **settings: str) -> Iterator[Scene]:
    """Give a scene whose workers are gone afterwards."""
    given = {"EQUEUE_LOG_LEVEL": "info", "EQUEUE_POLL_S": "0.2", "EQUEUE_SECRET_KEYS": "x" * 40, **settings}
    scene = Scene(url, given)
    try:
        yield scene
    finally:
        scene.close()
