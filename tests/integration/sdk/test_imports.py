"""What enqueuing imports: nothing that the caller does not use."""

import subprocess
import sys

SCRIPT = """
import sys
from equeue import Context, Tasks, enqueue, new_job, options, ring
import psycopg
tasks = Tasks()

@tasks.task("a.b")
async def handler(ctx: Context, n: int) -> None: ...

with psycopg.connect({url!r}) as connection:
    enqueue(connection, options(handler, delay=1, unique="k"), n=1)
    connection.commit()
    ring(connection, "default")
heavy = {{"sqlalchemy", "litestar", "alembic", "cyclopts", "rich", "structlog", "uvicorn"}} & set(sys.modules)
sys.exit(", ".join(sorted(heavy)) or None)
"""


def test_psycopg_users_need_no_sqlalchemy(database_url: str) -> None:
    """Enqueuing through psycopg imports neither SQLAlchemy nor anything that serves or works."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(url=database_url)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
