"""Whether a database fits this build, and which command helps where it does not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.schema.migrators import NEXT, one_more

from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.migrate import migrate_up
from equeue.adapters.postgres.schema import HEAD, MINIMUM, SchemaState, await_schema, judge, schema_fit
from equeue.domain.errors import Unavailable


@asynccontextmanager
async def _engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


async def test_migrated_schema_fits(database_url: str) -> None:
    """At this build's head there is nothing to remedy."""
    async with _engine(database_url) as engine:
        fit = await schema_fit(engine)
    assert (fit.fits, fit.revision, fit.remedy) == (True, HEAD, "")


async def test_missing_schema_names_the_command(empty_database_url: str) -> None:
    """A database without the schema is answered with the command that makes it."""
    async with _engine(empty_database_url) as engine:
        fit = await schema_fit(engine)
    assert (fit.state, fit.remedy) == (SchemaState.MISSING, "run: equeue migrate up")


async def test_half_made_schema_is_missing(database_url: str) -> None:
    """A schema whose version is not recorded counts as none."""
    with psycopg.connect(database_url) as connection:
        connection.execute("delete from equeue.schema_version")
    async with _engine(database_url) as engine:
        assert (await schema_fit(engine)).state is SchemaState.MISSING


async def test_forbidden_schema_is_told_apart(database_url: str) -> None:
    """A role without rights is told of the rights, not to migrate."""
    role = f"equeue_test_{uuid4().hex}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create role {role}".encode())
        try:
            joint = "&" if "?" in database_url else "?"
            async with _engine(f"{database_url}{joint}options=-c%20role%3D{role}") as engine:
                fit = await schema_fit(engine)
        finally:
            connection.execute(f"drop role {role}".encode())
    assert fit.state is SchemaState.FORBIDDEN
    assert "grant usage" in fit.remedy


@pytest.mark.parametrize(("kind", "state"), [("expand", SchemaState.FITS), ("contract", SchemaState.TOO_NEW)])
async def test_older_build_fits_until_the_contraction(
    database_url: str, tmp_path: Path, kind: str, state: SchemaState
) -> None:
    """A schema that only grew still fits an older build; one that lost something does not."""
    await asyncio.to_thread(migrate_up, database_url, revisions=one_more(tmp_path, "pass", kind))
    async with _engine(database_url) as engine:
        fit = await schema_fit(engine)
    assert (fit.revision, fit.state) == (NEXT, state)
    assert fit.fits or "deploy" in fit.remedy


def test_schema_below_the_minimum_is_too_old() -> None:
    """A schema older than this build needs is answered with the command that migrates it."""
    fit = judge(("0000", "0000"))
    assert (fit.state, fit.remedy) == (SchemaState.TOO_OLD, "run: equeue migrate up")
    assert MINIMUM in fit.detail


async def test_unreachable_database_is_unavailable() -> None:
    """No answer is not an answer about the schema."""
    async with _engine("postgresql://user:hunter2@127.0.0.1:1/nowhere") as engine:
        with pytest.raises(Unavailable, match="refused"):
            await schema_fit(engine)


@pytest.mark.parametrize("act", [migrate_up, None])
async def test_waiting_ends_with_the_migration_or_the_patience(
    empty_database_url: str, act: Callable[[str], object] | None
) -> None:
    """Whoever waits goes on as soon as somebody has migrated, and else learns what is missing."""
    patience = timedelta(seconds=30) if act else timedelta(0)
    async with _engine(empty_database_url) as engine:
        waiting = asyncio.create_task(await_schema(engine, patience))
        if act:
            await asyncio.to_thread(act, empty_database_url)
        assert (await waiting).fits is (act is not None)


async def test_an_exhausted_pool_is_no_answer(database_url: str) -> None:
    """Readiness is told that the database does not answer, and not that something broke."""
    engine = create_engine(database_url, pool_size=1)
    engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    async with engine.connect():
        with pytest.raises(Unavailable):
            await schema_fit(engine)
    await engine.dispose()
