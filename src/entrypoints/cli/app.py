"""The command line's root: which commands there are, and how trouble is told."""

import os
import sys

from cyclopts import App
from cyclopts.config import Env

from .exits import Exit, complain, explain

HERE = "equeue.entrypoints.cli"

app = App(
    name="equeue",
    help="A job queue on PostgreSQL: leases, fences and retries you can reason about.",
    version_flags=[],
    config=Env("EQUEUE_"),
    result_action="return_value",
)
app.command(f"{HERE}.development:dev", name="dev", help="Run everything here: PostgreSQL, API, worker.")
app.command(f"{HERE}.servers:api", name="api", help="Serve the API.")
app.command(f"{HERE}.servers:worker", name="worker", help="Run jobs.")
app.command(f"{HERE}.schema:migrate", name="migrate")
app.command(f"{HERE}.roles:roles", name="roles", help="Make database roles with few rights.")
app.command(f"{HERE}.enqueue:enqueue", name="enqueue")
app.command(f"{HERE}.jobs:jobs", name="jobs")
app.command(f"{HERE}.bulk:bulk", name="bulk")
app.command(f"{HERE}.dead:dead", name="dead")
app.command(f"{HERE}.queue_steering:queues", name="queues")
app.command(f"{HERE}.schedules:schedules", name="schedules")
app.command(f"{HERE}.top:top", name="top", help="Show everything at one glance, kept fresh.")
app.command(f"{HERE}.users:users", name="users")
app.command(f"{HERE}.keys:keys", name="keys")
app.command(f"{HERE}.about:config", name="config")
app.command(f"{HERE}.about:openapi", name="openapi")
app.command(f"{HERE}.about:version", name="version")


def main() -> None:
    """Run the command that the process was started with, and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        code = app(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as trouble:
        told = explain(trouble)
        if told is None:
            raise
        complain(str(told))
        return told.code
    return int(code or Exit.OK)
