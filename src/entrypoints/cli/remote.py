"""Commands that call the API: they import an HTTP client and nothing of the server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from . import options, values
from .exits import Exit, Stop
from .output import write_all, write_one

if TYPE_CHECKING:
    from ..sdk.api import Api

jobs = App(name="jobs", help="Look at jobs.")

COLUMNS = ("id", "task", "queue", "status", "attempt", "created_at", "run_at")
LOOKS_S = (0.05, 0.1, 0.2, 0.5, 1.0)
"""How long to wait between looks at a job that we wait for; the last one goes on."""

Status = Literal["queued", "running", "succeeded", "dead", "cancelled"]


def enqueue(
    task: str,
    /,
    *pairs: str,
    json: Annotated[
        str | None,
        Parameter(allow_leading_hyphen=True, help="The payload: a JSON object, @file, or - for standard input."),
    ] = None,
    queue: Annotated[str | None, Parameter(help="The queue, instead of the task's own.")] = None,
    priority: Annotated[int | None, Parameter(help="0 to 9; lower runs first.")] = None,
    delay: Annotated[str | None, Parameter(help="Not before this time has gone by: 90s, 10m, 1h30m.")] = None,
    at: Annotated[str | None, Parameter(help="Not before this instant (RFC 3339).")] = None,
    retries: Annotated[int | None, Parameter(help="How many failures are tried again.")] = None,
    unique: Annotated[str | None, Parameter(help="At most one unfinished job holds this key.")] = None,
    wait: Annotated[bool, Parameter(negative=(), help="Write the job once it has ended; exit 5 if it fails.")] = False,
    patience: Annotated[str, Parameter(help="How long --wait waits; exit 6 after that.")] = "5m",
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> int:
    """Enqueue a job for TASK; its payload is made of key=value words, whose values may be JSON."""
    job: dict[str, Any] = {
        "task": task,
        "payload": values.payload(pairs, json),
        "queue": queue,
        "priority": priority,
        "delay_s": values.duration(delay).total_seconds() if delay else None,
        "run_at": at,
        "max_retries": retries,
        "unique": {"key": unique} if unique else None,
    }
    with _api(url, api_key) as api:
        answer = api.enqueue({name: value for name, value in job.items() if value is not None})
        told = _ended(api, answer["job"]["id"], values.duration(patience).total_seconds()) if wait else answer["job"]
    write_one(told, output)
    return Exit.JOB_FAILED if wait and told["status"] != "succeeded" else Exit.OK


@jobs.command(name="list")
def list_jobs(
    *,
    status: Annotated[list[Status] | None, Parameter(help="Only jobs in this status.")] = None,
    queue: Annotated[list[str] | None, Parameter(help="Only jobs of this queue.")] = None,
    task: Annotated[list[str] | None, Parameter(help="Only jobs of this task.")] = None,
    limit: Annotated[int, Parameter(help="How many at most, the newest first.")] = 50,
    output: options.Output = None,
    url: options.Url = None,
    api_key: options.Key = None,
) -> None:
    """List jobs, the newest first."""
    where = {"status": status, "queue": queue, "task": task}
    with _api(url, api_key) as api:
        found = api.jobs({name: value for name, value in where.items() if value}, page=max(1, min(limit, 200)))
        write_all(islice(found, limit), COLUMNS, output)


@jobs.command(name="show")
def show_job(
    job_id: str, /, *, output: options.Output = None, url: options.Url = None, api_key: options.Key = None
) -> None:
    """Show one job with all that is known of it."""
    with _api(url, api_key) as api:
        write_one(api.job(job_id), output)


@contextmanager
def _api(url: str | None, key: str | None) -> Iterator["Api"]:
    from ..dev.places import development_key
    from ..sdk.api import Api
    from ..settings import read_settings

    settings = read_settings(**options.given(EQUEUE_URL=url, EQUEUE_API_KEY=key))
    with Api(settings.url, settings.api_key or development_key(settings)) as api:
        yield api


def _ended(api: "Api", job_id: str, patience_s: float) -> dict[str, Any]:
    """Return the job once it has ended; jobs are asked after, less and less often, up to once a second."""
    end = time.monotonic() + patience_s
    looks = iter(LOOKS_S)
    while True:
        job = api.job(job_id)
        if job["finished_at"] is not None:
            return job
        if time.monotonic() >= end:
            raise Stop(f"job {job_id} is still {job['status']}; it goes on without us", Exit.WAIT_TIMED_OUT)
        time.sleep(next(looks, LOOKS_S[-1]))
