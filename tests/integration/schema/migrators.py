"""Migrators as processes of their own, and histories longer than the real one, for tests of the migrator."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent

import psycopg

from equeue.adapters.postgres.migrate import SHIPPED
from equeue.adapters.postgres.revisions import Revisions

NEXT = f"{int(SHIPPED.head) + 1:04}"
_RUN = """
import sys
from pathlib import Path
from equeue.adapters.postgres.migrate import migrate_up
from equeue.adapters.postgres.revisions import Revisions
print(*migrate_up(sys.argv[1], revisions=Revisions(tuple(map(Path, sys.argv[2:])))))
"""
_FILE = """
from alembic import op
revision, down_revision = "{revision}", "{previous}"
def upgrade():
{body}
"""
_CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.execute("set lock_timeout = 0")
    op.execute("create index concurrently if not exists ix_synthetic on equeue.jobs (traceparent)")
"""


def one_more(folder: Path, body: str, kind: str = "expand") -> Revisions:
    """Return the real history with one more migration behind it, whose `upgrade` is `body`."""
    text = _FILE.format(revision=NEXT, previous=SHIPPED.head, body=indent(body.strip(), "    "))
    (folder / f"{NEXT}_{kind}_synthetic.py").write_text(text)
    return Revisions((folder,))


def one_more_index(folder: Path) -> Revisions:
    """Return the real history with a concurrent index build behind it."""
    return one_more(folder, _CONCURRENTLY)


def start_migrator(url: str, revisions: Revisions = SHIPPED) -> "subprocess.Popen[str]":
    """Start a migrator as a process; it prints the revisions that it applied."""
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, url, *map(str, revisions.also)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(migrators: Iterable["subprocess.Popen[str]"]) -> list[str]:
    """Wait for migrators and return what each printed; fail with what it complained of."""
    answers = []
    for migrator in migrators:
        output, complaint = migrator.communicate(timeout=100)
        assert migrator.returncode == 0, complaint
        answers.append(output.strip())
    return answers


def wait_until(connection: psycopg.Connection, condition: str) -> None:
    """Return once a SQL condition holds; the waiting is the server's, and ends after half a minute."""
    for _ in range(600):
        row = connection.execute(f"select ({condition}), pg_sleep(0.05)::text".encode()).fetchone()
        if row is not None and row[0]:
            return
    raise AssertionError(f"never came true: {condition}")
