"""A tour of eQueue on real work: enqueue hundreds of jobs over HTTP, watch them run, sum up what became of them.

`make run` runs it once everything serves. Run it again while that goes on: `.venv/bin/python examples/tour.py`.
"""

import json
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from equeue.entrypoints.dev.places import Places, development_key
from equeue.entrypoints.sdk.api import Api
from equeue.entrypoints.settings import Settings, read_settings

Job: TypeAlias = dict[str, Any]

QUEUE = "tour"
LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
NOT_PARSED = {"site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"}
BULK = 500
LOOK_S = 0.2
PATIENCE_S = 300.0
EXPECTED = {"tour.always_fails": "dead"}
"""How jobs end that are not meant to succeed."""


def main() -> int:
    """Go round; return 0 if every job ended as it should."""
    console = Console(soft_wrap=True)
    settings = read_settings()
    with Api(settings.url, settings.api_key or development_key(settings)) as api:
        console.print(f"\n[bold]A tour of eQueue[/bold] on the {len(modules())} module files of {LIBRARY}")
        console.print(greeting(api))
        jobs = go_round(api, wanted(settings), console)
        report = finished(
            api, [enqueued(api, [{"task": "tour.report", "payload": {"since": jobs[-1]["created_at"]}}])[0]]
        )
        surprises = [job for job in [*jobs, *report] if job["status"] != EXPECTED.get(job["task"], "succeeded")]
        console.print(summary(jobs, settings))
        console.print(f"The report job read them through the API: {json.dumps(report[0]['result'])}\n")
        leave_something(api)
        console.print(directions(jobs, settings), highlight=False)
    for job in surprises:
        console.print(f"[red]not as it should be:[/red] {job['task']} {job['id']} is {job['status']}: {job['error']}")
    return 1 if surprises else 0


def modules() -> list[str]:
    """Return the module files of the running Python's own standard library, without links to elsewhere."""
    found = (path.relative_to(LIBRARY) for path in LIBRARY.rglob("*.py") if not path.is_symlink())
    return sorted(str(path) for path in found if not NOT_PARSED.intersection(path.parts))


def wanted(settings: Settings) -> list[Job]:
    """Return the jobs of the tour, as they are asked for."""
    return [
        {"task": "tour.oversleep"},
        {"task": "tour.always_fails"},
        {"task": "http.request", "payload": {"url": f"{settings.url}/health/ready"}, "max_retries": 10},
        *({"task": "tour.count_module", "payload": {"module": module}} for module in modules()),
    ]


def greeting(api: Api) -> str:
    """Return what the first job says: then a worker is there, and has told which tasks it knows."""
    first = finished(api, enqueued(api, [{"task": "tour.hello", "payload": {"name": "you"}}]))
    return str(first[0]["result"])


def enqueued(api: Api, jobs: Sequence[Job]) -> list[str]:
    """Enqueue `jobs` and return their ids."""
    bulks = [jobs[start : start + BULK] for start in range(0, len(jobs), BULK)]
    answers = [item for bulk in bulks for item in api.enqueue_all([{"queue": QUEUE, **job} for job in bulk])]
    return [item["job"]["id"] for item in answers]


def go_round(api: Api, jobs: Sequence[Job], console: Console) -> list[Job]:
    """Enqueue `jobs`, show how they come along, and return them once all have ended, the newest first."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    with bar:
        line = bar.add_task("enqueuing", total=len(jobs))
        ids = enqueued(api, jobs)
        bar.update(line, description="running")
        for left in watched(api, ids):
            bar.update(line, completed=len(ids) - left)
    return found(api, ids)


def watched(api: Api, ids: Sequence[str]) -> Iterator[int]:
    """Yield how many of the jobs have not ended, until none is left."""
    waiting, end = set(ids), time.monotonic() + PATIENCE_S
    while waiting:
        waiting &= {job["id"] for job in api.jobs({"queue": QUEUE, "status": ["queued", "running"]})}
        yield len(waiting)
        if time.monotonic() > end:
            raise SystemExit(
                f"{len(waiting)} jobs did not end within {PATIENCE_S:.0f} s, such as {next(iter(waiting))}"
            )
        time.sleep(LOOK_S if waiting else 0)


def finished(api: Api, ids: Sequence[str]) -> list[Job]:
    """Return the jobs once they have ended."""
    for _ in watched(api, ids):
        pass
    return found(api, ids)


def found(api: Api, ids: Sequence[str]) -> list[Job]:
    """Return these jobs, the newest first, read page by page."""
    missing, jobs = set(ids), []
    for job in api.jobs({"queue": QUEUE, "include": "payload,result"}):
        if job["id"] in missing:
            jobs.append(job)
            missing.remove(job["id"])
        if not missing:
            break
    return jobs


def summary(jobs: Sequence[Job], settings: Settings) -> Table:
    """Return the table of what became of the jobs, and who did it."""
    ends = Counter(job["status"] for job in jobs)
    seconds = max(map(ended_at, jobs)) - min(created_at(job) for job in jobs)
    waits = quantiles([started_at(job) - created_at(job) for job in jobs if job["attempt"] == 1], n=100)
    workers = sorted({job["result"]["pid"] for job in jobs if job["task"] == "tour.count_module" and job["result"]})
    pids = json.loads(Places(Path(settings.state_dir)).processes.read_text())
    table = Table(title="The tour", show_header=False, title_justify="left")
    for name, value in (
        ("done", ends["succeeded"]),
        ("retried", sum(job["retry_count"] > 0 for job in jobs)),
        ("dead", ends["dead"]),
        ("jobs/s", f"{len(jobs) / seconds:.0f}"),
        ("wait p50", f"{waits[49] * 1_000:.0f} ms"),
        ("wait p99", f"{waits[98] * 1_000:.0f} ms"),
        ("API process", pids.get("api", "unknown")),
        ("worker processes", ", ".join(map(str, workers))),
    ):
        table.add_row(name, str(value))
    return table


def directions(jobs: Sequence[Job], settings: Settings) -> str:
    """Return where to look next."""
    dead = next(job["id"] for job in jobs if job["status"] == "dead")
    key = Places(Path(settings.state_dir)).key
    return (
        f"Look at the job that died:  .venv/bin/equeue jobs show {dead}\n"
        f'or over HTTP:               curl -H "Authorization: Bearer $(cat {key})" {settings.url}/api/v1/jobs/{dead}\n'
        f"The dashboard is at {settings.url}/ui/; the link above, or in {key.with_name('link')}, signs you in, once.\n"
        f"The API is at {settings.url} (its pages at {settings.url}/docs), the key in {key}.\n"
    )


def leave_something(api: Api) -> None:
    """Leave jobs that wait, run long behind a limit, and are to be retried, for every page to show."""
    api.set_queue("tour-film", {"max_running": 2})
    films = [{"task": "tour.encode", "queue": "tour-film", "payload": {"film": f"film {n}"}} for n in range(1, 7)]
    hosts = [{"task": "tour.flaky_upstream", "queue": QUEUE, "payload": {"host": host}} for host in ("left", "right")]
    later = [
        {"task": "tour.hello", "queue": QUEUE, "payload": {"name": "tomorrow"}, "delay_s": 86_400},
        {"task": "tour.always_fails", "queue": QUEUE, "max_retries": 0, "tags": ["showcase"]},
    ]
    api.enqueue_all([*films, *hosts, *later])
    if not any(schedule["name"] == "tour-hourly" for schedule in api.schedules()):
        job = {"task": "tour.hello", "payload": {"name": "the hour"}}
        api.post("/schedules", {"name": "tour-hourly", "cron": "@hourly", "zone": "UTC", "job": job})


def created_at(job: Job) -> float:
    """Return when the job was asked for."""
    return datetime.fromisoformat(job["created_at"]).timestamp()


def started_at(job: Job) -> float:
    """Return when the job's handler began."""
    return datetime.fromisoformat(job["started_at"]).timestamp()


def ended_at(job: Job) -> float:
    """Return when the job ended."""
    return datetime.fromisoformat(job["finished_at"]).timestamp()


if __name__ == "__main__":
    sys.exit(main())
