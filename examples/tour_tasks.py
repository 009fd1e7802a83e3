"""The tasks of the tour: what an author writes. `tour.py` enqueues their jobs; `make run` does both."""

import ast
import asyncio
import os
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

from equeue import Context, Fixed, Tasks
from equeue.entrypoints.sdk.api import Api
from equeue.entrypoints.settings import read_settings

QUEUE = "tour"
LIBRARY = Path(sysconfig.get_paths()["stdlib"]).resolve()
COUNTED: dict[str, tuple[type[ast.AST], ...]] = {
    "functions": (ast.FunctionDef, ast.AsyncFunctionDef),
    "classes": (ast.ClassDef,),
    "imports": (ast.Import, ast.ImportFrom),
}

tasks = Tasks()


@tasks.task("tour.hello", queue=QUEUE, timeout=5)
async def hello(ctx: Context, name: str) -> str:
    """Say hello: the first job tells us that a worker is there."""
    return f"hello {name}, from worker process {os.getpid()}, attempt {ctx.attempt}"


@tasks.task("tour.count_module", queue=QUEUE, timeout=60)
def count_module(module: str) -> dict[str, Any]:
    """Parse one file of Python's standard library and count what is in it. A plain function runs in a thread."""
    path = (LIBRARY / module).resolve()
    if not path.is_relative_to(LIBRARY) or path.suffix != ".py":
        raise ValueError(f"{module} is no module file of the standard library")
    source = path.read_bytes()
    nodes = Counter(type(node) for node in ast.walk(ast.parse(source)))
    counts = {name: sum(nodes[kind] for kind in kinds) for name, kinds in COUNTED.items()}
    return {"lines": source.count(b"\n"), "nodes": nodes.total(), "pid": os.getpid(), **counts}


@tasks.task("tour.oversleep", queue=QUEUE, timeout=0.5, max_retries=3, backoff=Fixed(0.2))
async def oversleep(ctx: Context) -> str:
    """Run into the time limit at first, succeed when tried again."""
    if ctx.attempt == 1:
        await asyncio.sleep(60)
    return f"woke up in attempt {ctx.attempt}"


@tasks.task("tour.always_fails", queue=QUEUE, max_retries=2, backoff=Fixed(0.1))
async def always_fails(ctx: Context) -> None:
    """Fail each time, and so end among the dead letters with every attempt's traceback."""
    raise RuntimeError(f"this never works (attempt {ctx.attempt})")


@tasks.task("tour.encode", queue="tour-film", timeout=3600)
async def encode(ctx: Context, film: str, minutes: int = 10) -> str:
    """Take long, and tell how far it is: something to look at on the dashboard."""
    for minute in range(minutes):
        await ctx.progress(minute, minutes, f"minute {minute} of {film}")
        await asyncio.sleep(20)
    return f"{film} is encoded"


@tasks.task("tour.flaky_upstream", queue=QUEUE, max_retries=8, backoff=Fixed(600))
async def flaky_upstream(host: str) -> None:
    """Fail for now, and be tried again in ten minutes."""
    raise ConnectionError(f"{host} does not answer")


@tasks.task("tour.report", queue=QUEUE, timeout=60)
def report(since: str) -> dict[str, Any]:
    """Read the results of this tour through the API, as any client would, and add them up."""
    settings = read_settings()
    totals: Counter[str] = Counter()
    largest = ("", 0)
    with Api(settings.url, settings.api_key) as api:
        for job in api.jobs({"task": "tour.count_module", "status": "succeeded", "include": "payload,result"}):
            if job["created_at"] < since:
                break
            result = job["result"]
            totals.update({"modules": 1, **{name: result[name] for name in ("lines", "nodes", *COUNTED)}})
            largest = max(largest, (job["payload"]["module"], result["lines"]), key=lambda pair: pair[1])
    return {**totals, "largest": largest[0]}
