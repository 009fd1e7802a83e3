"""The stage of a chaos test: a database with its log of changes, workers under names of their own, a ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from tests.chaos.changes import Changes
from tests.chaos.ledger import VARIABLE, Ledger
from tests.integration.worker.processes import Scene, Worker

APP = "tests.chaos.app:tasks"
LEASE_1S = {"EQUEUE_LEASE_S": "1", "EQUEUE_HEARTBEAT_S": "0.3", "EQUEUE_CANCEL_GRACE_S": "0.5"}
SETTINGS = {"EQUEUE_LOG_LEVEL": "info", "EQUEUE_POLL_S": "0.2", "EQUEUE_SECRET_KEYS": "x" * 40}
FOREVER = 1_000
SOON = '{"kind": "fixed", "base_s": 0.05, "jitter": 0}'
UNITS = "create table units (account int, job_id uuid, token bigint)"
"""What `chaos.book` writes into; nothing but the fence keeps an account from being booked twice."""


class Stage(Scene):
    """A scene that sees more."""

    def __init__(self, url: str, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self.ledger_of_runs = Ledger(folder / "ledger")
        super().__init__(url, SETTINGS | {VARIABLE: str(self.ledger_of_runs.path)} | settings)
        self.changes = Changes.of(self.database)

    def start_named(self, **settings: str) -> Worker:
        """Start a worker that the database knows by a name of its own, and wait until it works."""
        return self.start(APP, EQUEUE_DATABASE_URL=self.address(f"worker-{len(self.workers) + 1}"), **settings)

    def address(self, name: str) -> str:
        """Return the database's address for whoever goes by `name`."""
        return f"{self.url}{'&' if '?' in self.url else '?'}application_name={name}"

    def offer(self, task: str, payload: str = "{}", count: int = 1, **columns: object) -> list[UUID]:
        """Insert due jobs, which a thousand failures would not end unless `columns` say otherwise, and ring."""
        wanted = {"queue": "chaos", "max_retries": FOREVER, "backoff": SOON} | columns
        ids = self.enqueue(task, payload, count, **wanted)
        self.database.execute("select pg_notify('equeue.ready', 'chaos')")
        return ids

    def number(self, question: str, *facts: object) -> int:
        """Return the one number that answers a question."""
        row = self.database.execute(question.encode(), facts).fetchone()
        assert row is not None
        return int(next(iter(row.values())))

    def forget(self, worker: Worker) -> None:
        """Clear away a worker that has ended."""
        worker.close()


@contextmanager
def stage(url: str, folder: Path, **settings: str) -> Iterator[Stage]:
    """Give a stage whose workers are gone afterwards."""
    made = Stage(url, folder, settings)
    try:
        yield made
    finally:
        made.close()
