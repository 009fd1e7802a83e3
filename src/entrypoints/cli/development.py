"""The command that runs everything on one machine."""

from typing import Annotated

from cyclopts import Parameter

from . import options
from .exits import Stop


def dev(
    *apps: str,
    then: Annotated[str | None, Parameter(help="A command to run once everything serves.")] = None,
    until_done: Annotated[bool, Parameter(negative=(), help="End with the --then command, and as it ended.")] = False,
    watch: Annotated[
        bool, Parameter(negative=(), help="Start the worker afresh whenever a Python file below here changes.")
    ] = False,
    port: Annotated[str | None, Parameter(env_var="EQUEUE_PORT", help="The port of the API.")] = None,
    database_url: options.DatabaseUrl = None,
) -> int:
    """Run PostgreSQL, the API and a worker for the tasks in APPS here, until Ctrl-C.

    Without a database URL an embedded PostgreSQL keeps its data in .equeue, between runs too.
    """
    import asyncio

    from ..dev.console import Console
    from ..dev.preparation import NotStarted
    from ..dev.session import Plan, run

    watched = (*apps, "--watch") if watch and apps else apps  # the worker's own option does it
    plan = Plan(watched, then, until_done)
    overrides = options.given(EQUEUE_PORT=port, EQUEUE_DATABASE_URL=database_url)
    try:
        return asyncio.run(run(plan, Console(), overrides))
    except NotStarted as refused:
        raise Stop(str(refused)) from refused
