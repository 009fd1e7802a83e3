"""The commands about the database's schema."""

from typing import Annotated

from cyclopts import App, Parameter

from . import options, values
from .exits import Exit, Stop

migrate = App(name="migrate", help="Bring the database's schema to this build's, or look how it stands.")


@migrate.command(name="up")
def up(
    *,
    patience: Annotated[str, Parameter(help="How long to wait for locks and other migrators.")] = "10m",
    database_url: options.DatabaseUrl = None,
) -> None:
    """Apply the migrations that the database lacks. Any number of migrators may be started at once."""
    from ..container import build
    from ..settings import read_settings

    container = build(read_settings(**options.given(EQUEUE_DATABASE_URL=database_url)))
    applied = container.migrations().up(values.duration(patience))
    print(f"applied {', '.join(applied)}" if applied else "nothing to do: the schema is at or beyond this build's")


@migrate.command(name="status")
def status(*, database_url: options.DatabaseUrl = None) -> None:
    """Say which revision the database is at, and which are still to come."""
    from ..container import build
    from ..settings import read_settings

    told = build(read_settings(**options.given(EQUEUE_DATABASE_URL=database_url))).migrations().status()
    print(f"database: {told.current or 'no eQueue schema'}\nthis build: {told.head}")
    for name in told.pending:
        print(f"pending: {name}")


@migrate.command(name="sql")
def sql() -> None:
    """Write all migrations as one SQL script, for a database that eQueue may not change itself."""
    from ..openings import Migrations

    print(Migrations.sql())


@migrate.command(name="check")
def check(*, database_url: options.DatabaseUrl = None) -> None:
    """Exit 0 if the schema fits this build, 3 if not."""
    _require("0", database_url)


@migrate.command(name="wait")
def wait(
    *,
    patience: Annotated[str, Parameter(help="How long to wait.")] = "5m",
    database_url: options.DatabaseUrl = None,
) -> None:
    """Wait until the schema fits this build; exit 3 if it does not in time."""
    _require(patience, database_url)


def _require(patience: str, database_url: str | None) -> None:
    import asyncio

    from ..container import build, close
    from ..settings import read_settings

    container = build(read_settings(**options.given(EQUEUE_DATABASE_URL=database_url)))

    async def look() -> None:
        try:
            fit = await container.await_schema(values.duration(patience))
        finally:
            await close(container)
        if not fit.fits:
            raise Stop(f"{fit.detail}; {fit.remedy}", Exit.CHECK_SAID_NO)
        print(fit.detail)

    asyncio.run(look())
