"""The commands that serve: the API and the worker, each a process of its own."""

import os
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from . import options
from .exits import Exit, Stop

HEAVIEST = 1_000
"""The largest weight of a queue."""


def api(
    *,
    host: Annotated[str | None, Parameter(env_var="EQUEUE_HOST", help="The address to listen on.")] = None,
    port: Annotated[str | None, Parameter(env_var="EQUEUE_PORT", help="The port to listen on.")] = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Serve the API until SIGTERM or SIGINT; requests under way are finished first."""
    from ..http.app import create_app
    from ..http.server import Address, PortInUse, bind, run, serve
    from ..settings import Settings, read_settings
    from .compose import configure_logs, http_services

    settings = read_settings(**options.given(EQUEUE_HOST=host, EQUEUE_PORT=port, EQUEUE_DATABASE_URL=database_url))
    configure_logs(settings)

    async def main(settings: Settings) -> None:
        async with http_services(settings) as services:
            listener = bind(Address(settings.host, settings.port))
            grace_s = max(1, round(settings.drain_grace.total_seconds()))
            await serve(create_app(services), listener, services.drain, grace_s=grace_s)

    try:
        run(main(settings))
    except PortInUse as taken:
        raise Stop(str(taken)) from taken


def worker(
    *apps: str,
    queue: Annotated[
        list[str] | None,
        Parameter(
            ["--queue", "-q"],
            env_var="EQUEUE_QUEUES",
            help="Serve only these queues; NAME=WEIGHT gives it that share of the claims while several have work.",
        ),
    ] = None,
    concurrency: Annotated[
        str | None,
        Parameter(["--concurrency", "-c"], env_var="EQUEUE_CONCURRENCY", help="How many jobs to run at a time."),
    ] = None,
    drain_timeout: Annotated[
        str | None,
        Parameter(env_var="EQUEUE_DRAIN_GRACE_S", help="How many seconds running jobs get once told to stop."),
    ] = None,
    child_memory: Annotated[
        str | None,
        Parameter(env_var="EQUEUE_CHILD_MEMORY_BYTES", help="How many bytes a child of an isolated task may use."),
    ] = None,
    burst: Annotated[bool, Parameter(negative=(), help="End once nothing is due.")] = False,
    max_jobs: Annotated[int | None, Parameter(help="End after about so many jobs.")] = None,
    watch: Annotated[
        bool, Parameter(negative=(), help="Start afresh whenever a Python file below the working directory changes.")
    ] = False,
    database_url: options.DatabaseUrl = None,
) -> int:
    """Run jobs of the tasks in APPS (package.module, package.module:name, or a file) until SIGTERM or SIGINT."""
    if watch:
        return watched()
    from ...application.tasks import TaskRefused
    from ..settings import read_settings
    from ..worker.modules import AppNotFound, load_tasks
    from ..worker.probes import PortTaken
    from ..worker.process import run_worker
    from .compose import Shape, configure_logs, worker_parts

    settings = read_settings(
        **options.given(
            EQUEUE_CONCURRENCY=concurrency,
            EQUEUE_DRAIN_GRACE_S=drain_timeout,
            EQUEUE_CHILD_MEMORY_BYTES=child_memory,
            EQUEUE_DATABASE_URL=database_url,
        )
    )
    configure_logs(settings)
    try:
        tasks = load_tasks([module_of(app) for app in apps])
    except (AppNotFound, TaskRefused) as refused:
        raise Stop(str(refused), Exit.USAGE) from refused
    weights = weights_of(queue or ())
    plain = all(weight is None for weight in weights.values())
    shares = {} if plain else {name: weight or 1 for name, weight in weights.items()}
    shape = Shape(tuple(weights), shares, burst=burst, max_jobs=max_jobs)
    try:
        return run_worker(lambda: worker_parts(settings, tasks, shape))
    except PortTaken as taken:
        raise Stop(str(taken)) from taken


def watched() -> int:
    """Run this very command, without `--watch`, again after each change; return its exit code in the end."""
    import asyncio
    import sys
    from pathlib import Path

    from ..dev.reloading import Reloader, Sources

    command = (sys.executable, "-m", "equeue.entrypoints.cli", *(word for word in sys.argv[1:] if word != "--watch"))
    reloader = Reloader(command, Sources(Path.cwd()), lambda text: print(f"watch: {text}", file=sys.stderr, flush=True))
    return asyncio.run(reloader.run())


def weights_of(words: Sequence[str]) -> dict[str, int | None]:
    """Return the queues that `NAME` and `NAME=WEIGHT` name, in order; raise `Stop` for what is neither."""
    found: dict[str, int | None] = {}
    for word in words:
        name, equals, weight = word.strip().partition("=")
        if not name or (
            equals and (not weight.isascii() or not weight.isdigit() or not 1 <= int(weight[:5]) <= HEAVIEST)
        ):
            raise Stop(f"--queue {word}: write NAME, or NAME=WEIGHT with a weight of 1 to {HEAVIEST}", Exit.USAGE)
        found[name] = int(weight) if equals else None
    return found


def module_of(app: str) -> str:
    """Return the module that `app` names; a file below the working directory is a module of that path.

    Raises `Stop` for a file elsewhere, or one whose path is no name of a module.
    """
    path, colon, name = app.partition(":")
    if path.endswith(".py"):
        path = ".".join(_steps(path))
    return f"{path}{colon}{name}"


def _steps(path: str) -> Sequence[str]:
    from pathlib import Path

    here = Path.cwd()
    file = Path(os.path.normpath(here / path))
    if not file.is_relative_to(here):
        raise Stop(f"{path} is not below {here}; start the worker in a folder above it", Exit.USAGE)
    steps = file.relative_to(here).with_suffix("").parts
    if not all(step.isidentifier() for step in steps):
        raise Stop(f"{path} cannot be imported: its folders and itself must have names like variables", Exit.USAGE)
    return steps
