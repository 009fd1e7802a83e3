"""The ledger: each handler appends a line to a file when it begins and ends, whatever becomes of the database."""

import os
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import attrs

from equeue import Context

VARIABLE = "EQUEUE_CHAOS_LEDGER"


@attrs.frozen
class Line:
    """What one handler noted: `at` is nanoseconds of the monotonic clock, which all processes share."""

    job_id: UUID
    token: int
    what: str
    pid: int
    at: int


def jot(ctx: Context, what: str) -> None:
    """Append one line, whole or not at all."""
    file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fence = ctx.job.fence
        os.write(file, f"{fence.job_id} {fence.token} {what} {os.getpid()} {time.monotonic_ns()}\n".encode())
    finally:
        os.close(file)


@attrs.frozen
class Ledger:
    """The ledger as a test reads it."""

    path: Path

    def lines(self, what: str | None = None) -> list[Line]:
        """Return what was noted, in its order."""
        text = self.path.read_text() if self.path.exists() else ""
        words = (line.split() for line in text.splitlines())
        found = (Line(UUID(job), int(token), noted, int(pid), int(at)) for job, token, noted, pid, at in words)
        return [line for line in found if what is None or line.what == what]

    def counts(self, what: str) -> Counter[UUID]:
        """Return how often each job's handler noted `what`."""
        return Counter(line.job_id for line in self.lines(what))
