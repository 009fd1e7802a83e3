"""Connections: the engine for the cold path, and the one kept connection of the hot path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ...domain.errors import Unavailable

DRIVER = "postgresql+psycopg"
PATIENCE_S = 10
"""How long to wait for a connection before saying that the database is away."""

_NETWORK = {
    "application_name": "equeue",
    "connect_timeout": PATIENCE_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_SESSION = "-c timezone=UTC -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"


class BadDatabaseUrl(ValueError):
    """The database's address is not one; write it as postgresql://user:password@host:5432/database."""


def read_url(url: str) -> URL:
    """Return `url` for psycopg; its password shows in no `repr` and no message."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadDatabaseUrl("not an address of a database: postgresql://user:password@host:5432/database") from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise BadDatabaseUrl(f"eQueue needs PostgreSQL (postgresql://…), not {parsed.get_backend_name()}")
    return parsed.set(drivername=DRIVER)


def connect_arguments(url: URL, *, pooler: bool = False) -> dict[str, Any]:
    """Return what each connection is opened with; what the address itself says wins.

    A transaction-mode pooler hands one server connection to many clients: nothing prepared and no session setting
    would stay with its owner.
    """
    given = {name: value for name, value in _NETWORK.items() if name not in url.query}
    if pooler:
        return {**given, "prepare_threshold": None}
    return given if "options" in url.query else {**given, "options": _SESSION}


def create_engine(url: str, *, pooler: bool = False, pool_size: int = 5) -> AsyncEngine:
    """Return an engine over at most `pool_size` connections, opened on use, checked before each use.

    Raises `BadDatabaseUrl`. Parameters of statements (payloads, hashes) are kept out of errors and logs.
    """
    parsed = read_url(url)
    return create_async_engine(
        parsed,
        connect_args=connect_arguments(parsed, pooler=pooler),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=PATIENCE_S,
        pool_pre_ping=True,
        pool_recycle=1_800,
        hide_parameters=True,
    )


def is_unavailable(error: BaseException) -> bool:
    """Tell whether `error` means that the database is away, and not that it refused something."""
    state = getattr(error, "sqlstate", None)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return state is None or state[:2] in ("08", "53") or state in ("57014", "57P01", "57P02", "57P03", "25P03")
    return isinstance(error, TimeoutError | OSError)


def away(error: BaseException) -> Unavailable:
    """Return `error`, which says that the database is away, in eQueue's words, with the driver's own reason."""
    reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return Unavailable(f"the database does not answer: {reason or type(error).__name__}")


PLANNING = """
select set_config('plan_cache_mode', 'force_generic_plan', false),
  set_config('enable_seqscan', 'off', false),
  set_config('jit', 'off', false)
"""
"""How a lane's session plans. Its few statements are planned once, for any parameters; each is written so that indexes
serve it, and a plan that was made while the table fitted on a page must not scan it once it has grown."""


class Lane:
    """One connection of the engine's pool for the statements that matter most, kept checked out, in AUTOCOMMIT.

    Whoever needs a transaction opens one on the connection (`async with connection.transaction()`). Users take
    turns. A connection that broke, or was left in the middle of something, is thrown away and the next use opens
    another. Its session plans as `PLANNING` says; behind a transaction-mode pooler, where a session is anybody's and
    nothing is prepared, it is left alone.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._held: AsyncConnection | None = None
        self._driver: psycopg.AsyncConnection[Any] | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Give the driver's own connection for one turn.

        Raises `Unavailable` when the database cannot be reached or the connection breaks during the turn; what was
        under way then may or may not have taken effect.
        """
        async with self._turn:
            driver = await self._open()
            try:
                yield driver
            except (psycopg.Error, OSError) as error:
                if driver.closed or is_unavailable(error):
                    raise away(error) from error
                raise
            finally:
                if driver.info.transaction_status is not TransactionStatus.IDLE:
                    await self._discard()

    async def close(self) -> None:
        """Close the connection, and give its place in the pool back."""
        async with self._turn:
            await self._discard()

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        if self._driver is not None:
            return self._driver
        try:
            held = await self._engine.connect()
            self._held = await held.execution_options(isolation_level="AUTOCOMMIT")
            driver = await driver_of(self._held)
            if driver.prepare_threshold is not None:
                await driver.execute(PLANNING)
            self._driver = driver
        except (DBAPIError, psycopg.Error, OSError, TimeoutError) as error:
            await self._discard()
            raise away(error) from error
        return driver

    async def _discard(self) -> None:
        held, self._held, self._driver = self._held, None, None
        if held is not None:
            await held.invalidate()
            await held.close()


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """Return the driver's own connection."""
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError("the engine does not use psycopg's asynchronous connections")
    return driver
