"""Which library a caller's session or connection is of, found without importing one that the caller does not use."""

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from ...adapters.postgres.insertion import Query, Rows
from .questions import as_bytes, clause, ringing

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session
    from sqlalchemy.orm import Session, scoped_session

Into: TypeAlias = "Session | scoped_session[Any] | Connection | psycopg.Connection[Any]"
AsyncInto: TypeAlias = "AsyncSession | async_scoped_session[Any] | AsyncConnection | psycopg.AsyncConnection[Any]"


@attrs.frozen
class PsycopgPlace:
    """A psycopg connection."""

    _connection: psycopg.Connection[Any]

    def ask(self, query: Query) -> Rows:
        """Ask on a cursor of the plain kind, whatever kind the caller prefers."""
        return (
            psycopg.Cursor(self._connection, row_factory=tuple_row).execute(as_bytes(query), query.documents).fetchall()
        )

    def stored(self, queues: Collection[str]) -> None:
        """Do nothing: psycopg does not say when it commits."""

    def ring(self, queues: Collection[str]) -> None:
        """Tell workers in a transaction of its own."""
        _refuse_within_transaction(self._connection)
        self.ask(ringing(queues))
        self._connection.commit()


@attrs.frozen
class AsyncPsycopgPlace:
    """A psycopg connection of the asynchronous kind."""

    _connection: psycopg.AsyncConnection[Any]

    async def ask(self, query: Query) -> Rows:
        """Ask on a cursor of the plain kind, whatever kind the caller prefers."""
        cursor = psycopg.AsyncCursor(self._connection, row_factory=tuple_row)
        await cursor.execute(as_bytes(query), query.documents)
        return await cursor.fetchall()

    async def stored(self, queues: Collection[str]) -> None:
        """Do nothing: psycopg does not say when it commits."""

    async def ring(self, queues: Collection[str]) -> None:
        """Tell workers in a transaction of its own."""
        _refuse_within_transaction(self._connection)
        await self.ask(ringing(queues))
        await self._connection.commit()


@attrs.frozen
class SqlalchemyPlace:
    """A SQLAlchemy session or connection."""

    _into: "Session | scoped_session[Any] | Connection"

    def ask(self, query: Query) -> Rows:
        """Ask in the transaction that is open, or else begins."""
        return self._connection.execute(clause(query), query.documents).fetchall()

    def stored(self, queues: Collection[str]) -> None:
        """Have workers told after the commit."""
        from .bell import ring_after_commit  # noqa: PLC0415 - imports SQLAlchemy, which this caller has

        ring_after_commit(self._connection, queues)

    def ring(self, queues: Collection[str]) -> None:
        """Tell workers at once."""
        from .bell import ring_now  # noqa: PLC0415 - imports SQLAlchemy, which this caller has

        ring_now(self._connection, queues)

    @property
    def _connection(self) -> "Connection":
        into: Any = self._into
        connection: Connection = into.connection() if hasattr(into, "get_bind") else into
        return connection


@attrs.frozen
class AsyncSqlalchemyPlace:
    """A SQLAlchemy session or connection of the asynchronous kind."""

    _into: "AsyncSession | async_scoped_session[Any] | AsyncConnection"

    async def ask(self, query: Query) -> Rows:
        """Ask in the transaction that is open, or else begins."""
        connection = await self._connection()
        return (await connection.execute(clause(query), query.documents)).fetchall()

    async def stored(self, queues: Collection[str]) -> None:
        """Have workers told after the commit."""
        from .bell import ring_after_commit  # noqa: PLC0415 - imports SQLAlchemy, which this caller has

        ring_after_commit(await self._sync_connection(), queues)

    async def ring(self, queues: Collection[str]) -> None:
        """Tell workers at once."""
        from .bell import ring_now  # noqa: PLC0415 - imports SQLAlchemy, which this caller has

        ring_now(await self._sync_connection(), queues)

    async def _connection(self) -> "AsyncConnection":
        into: Any = self._into
        connection: AsyncConnection = await into.connection() if hasattr(into, "get_bind") else into
        return connection

    async def _sync_connection(self) -> "Connection":
        within = (await self._connection()).sync_connection
        if within is None:
            raise RuntimeError("the connection was not started: await it, or use it in `async with`")
        return within


Place: TypeAlias = PsycopgPlace | SqlalchemyPlace
AsyncPlace: TypeAlias = AsyncPsycopgPlace | AsyncSqlalchemyPlace


def place_of(into: Any) -> Place | AsyncPlace:
    """Return the place that `into` stands for; `TypeError` if it is none."""
    if isinstance(into, psycopg.Connection):
        return PsycopgPlace(into)
    if isinstance(into, psycopg.AsyncConnection):
        return AsyncPsycopgPlace(into)
    if _is(into, "sqlalchemy.orm", "Session", "scoped_session") or _is(into, "sqlalchemy", "Connection"):
        return SqlalchemyPlace(into)
    if _is(into, "sqlalchemy.ext.asyncio", "AsyncSession", "async_scoped_session", "AsyncConnection"):
        return AsyncSqlalchemyPlace(into)
    raise TypeError(
        f"cannot enqueue into a {type(into).__module__}.{type(into).__qualname__}: give a SQLAlchemy Session,"
        " AsyncSession, Connection or AsyncConnection, or a psycopg Connection or AsyncConnection"
    )


def _is(into: Any, module: str, *names: str) -> bool:
    return any(isinstance(into, getattr(sys.modules.get(module), name, ())) for name in names)


def _refuse_within_transaction(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> None:
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise RuntimeError("ring after the commit: within a transaction nobody would hear it before")
