"""`equeue jobs …`: look at jobs. What changes them is in `steer`."""

import sys
from itertools import islice
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from . import options
from .exits import Exit
from .output import chosen, write_all, write_one
from .remote import COLUMNS, connected, each, job_ids

HERE = "equeue.entrypoints.cli"

jobs = App(name="jobs", help="Look at jobs and steer them.")

Statuses = Annotated[list[options.Status] | None, Parameter(help="Only jobs in this status.")]


@jobs.command(name="list")
def list_jobs(
    *,
    status: Statuses = None,
    queue: options.Queues = None,
    task: options.Tasks = None,
    filter: options.Filter = None,
    limit: Annotated[int, Parameter(help="How many at most, the newest first.")] = 50,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """List jobs, the newest first."""
    with connected(url, api_key) as api:
        found = api.jobs(_where(status, queue, task, filter), page=max(1, min(limit, 200)))
        write_all(islice(found, limit), COLUMNS, output)


@jobs.command(name="count")
def count_jobs(
    *,
    status: Statuses = None,
    queue: options.Queues = None,
    task: options.Tasks = None,
    filter: options.Filter = None,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Count jobs by status; beyond 10,000 it only says that there are more."""
    with connected(url, api_key) as api:
        counted = api.get("/jobs/count", _where(status, queue, task, filter))
    if chosen(output) == "table":
        rows = {**counted["by_status"], "total": counted["total"]}
        told = [{"status": name, "jobs": _number(row)} for name, row in rows.items()]
        write_all(told, ("status", "jobs"), "table")
    else:
        write_one(counted, "json" if output == "json" else "jsonl")


@jobs.command(name="export")
def export_jobs(
    *,
    status: Statuses = None,
    queue: options.Queues = None,
    task: options.Tasks = None,
    filter: options.Filter = None,
    format: Annotated[Literal["ndjson", "csv"], Parameter(help="Lines of JSON, or a table for spreadsheets.")] = (
        "ndjson"
    ),
    include: Annotated[
        list[Literal["payload", "result"]] | None, Parameter(help="Bring these whatever their size.")
    ] = None,
    oldest_first: Annotated[bool, Parameter(negative=(), help="Begin with the oldest job.")] = False,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """Write every job that is meant to standard output, as long as the list may be."""
    asked = {**_where(status, queue, task, filter), "format": format, "include": include or []}
    with connected(url, api_key) as api:
        for piece in api.pieces("/jobs/export", {**asked, "sort": "created_at" if oldest_first else "-created_at"}):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@jobs.command(name="show")
def show_jobs(*ids: str, output: options.Output = None, url: options.Url = None, api_key: options.Key = None) -> int:
    """Show jobs with all that is known of them."""
    wanted = job_ids(ids)
    if len(wanted) > 1:
        return each(wanted, lambda api, job_id: api.job(job_id), output, url, api_key)
    with connected(url, api_key) as api:
        for job_id in wanted:
            write_one(api.job(job_id), output)
    return Exit.OK


@jobs.command(name="attempts")
def list_attempts(
    job_id: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """List the ended attempts of a job, oldest first."""
    (wanted,) = job_ids([job_id])
    with connected(url, api_key) as api:
        items = ({"id": wanted, **item} for item in api.items(f"/jobs/{wanted}/attempts", {}))
        write_all(items, ("attempt", "outcome", "worker_id", "started_at", "finished_at", "error"), output)


def _where(
    status: list[options.Status] | None, queue: list[str] | None, task: list[str] | None, filter: str | None
) -> dict[str, Any]:
    said = {"status": status, "queue": queue, "task": task, "q": filter}
    return {name: value for name, value in said.items() if value}


def _number(count: dict[str, Any]) -> str:
    return f"more than {count['value'] - 1}" if count["capped"] else str(count["value"])


for name in ("retry", "cancel", "run-now", "delete", "rerun", "edit"):
    jobs.command(f"{HERE}.steer:{name.replace('-', '_')}", name=name)
jobs.command(f"{HERE}.explain:explain_jobs", name="explain")
