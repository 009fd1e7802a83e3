"""A producer's own connections, in AUTOCOMMIT: opened when needed, thrown away when broken."""

from collections.abc import Sequence
from typing import Any

import attrs
import psycopg
from psycopg import generators, pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import TransactionStatus

from ...adapters.postgres.engine import connect_arguments, read_url
from ...adapters.postgres.errors import told
from ...adapters.postgres.insertion import Query, Rows
from .questions import as_bytes, numbered
from .ringer import Ringer, ringer_at


@attrs.frozen
class Address:
    """Where a producer's database is, and what stands before it. `pooler`: a transaction-mode pooler does."""

    url: str = attrs.field(repr=False)
    pooler: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """What a connection is opened with. Raises `BadDatabaseUrl`."""
        parsed = read_url(self.url)
        conninfo = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
        return {"conninfo": conninfo, **connect_arguments(parsed, pooler=self.pooler)}

    @property
    def ringer(self) -> Ringer:
        """What tells workers there of new jobs."""
        return ringer_at(self.arguments)


class Link:
    """One synchronous connection, used by one thread at a time.

    It speaks to libpq through psycopg's own generators, without a cursor: of a lone INSERT's time a cursor takes 6 %.
    """

    def __init__(self, address: Address) -> None:
        self._arguments = address.arguments
        self._prepare = not address.pooler
        self._connection: psycopg.Connection[Any] | None = None
        self._prepared: dict[str, bytes] = {}

    def ask(self, query: Query) -> Rows:
        """Return the rows that answer `query`, in a transaction of its own; raise in eQueue's words."""
        try:
            connection = self._connection or self._open()
            self._send(connection, query)
            result = _answer(connection, pq.ExecStatus.TUPLES_OK)
            reader = Transformer(connection)
            reader.set_pgresult(result)
            return reader.load_rows(0, result.ntuples, tuple)
        except (psycopg.Error, OSError, UnicodeEncodeError) as error:
            raise told(error) from error
        finally:
            if self._connection is not None and not _is_whole(self._connection):
                self.close()

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> psycopg.Connection[Any]:
        self._connection = psycopg.connect(**self._arguments, autocommit=True)
        self._prepared = {}
        return self._connection

    def _send(self, connection: psycopg.Connection[Any], query: Query) -> None:
        documents = [document.encode() for document in query.documents.values()]
        if not self._prepare:
            connection.pgconn.send_query_params(numbered(query), documents)
            return
        name = self._prepared.get(query.statement)
        if name is None:
            # Not by libpq's blocking call: preparing may wait for a lock on the table, and no Ctrl-C would get through.
            name = f"equeue_{len(self._prepared)}".encode()
            connection.pgconn.send_prepare(name, numbered(query))
            _answer(connection, pq.ExecStatus.COMMAND_OK)
            self._prepared[query.statement] = name
        connection.pgconn.send_query_prepared(name, documents)


class AsyncLink:
    """One asynchronous connection, used by one task at a time."""

    def __init__(self, address: Address) -> None:
        self._arguments = address.arguments
        self._prepare = not address.pooler
        self._cursor: psycopg.AsyncCursor[Any] | None = None

    async def ask(self, query: Query) -> Rows:
        """Return the rows that answer `query`, in a transaction of its own; raise in eQueue's words."""
        try:
            cursor = self._cursor or await self._open()
            await cursor.execute(as_bytes(query), query.documents, prepare=self._prepare)
            return await cursor.fetchall()
        except (psycopg.Error, OSError, UnicodeEncodeError) as error:
            raise told(error) from error
        finally:
            if self._cursor is not None and not _is_whole(self._cursor.connection):
                await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            await cursor.connection.close()

    async def _open(self) -> psycopg.AsyncCursor[Any]:
        connection = await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
        self._cursor = connection.cursor()
        return self._cursor


def _answer(connection: psycopg.Connection[Any], expected: pq.ExecStatus) -> pq.abc.PGresult:
    """Wait for the one answer to what was sent, as a signal may interrupt it; raise what the server says instead.

    It may say so after the answer: a statement is committed once it is done, and that can fail by itself.
    """
    results: Sequence[pq.abc.PGresult] = connection.wait(generators.execute(connection.pgconn))
    for result in results:
        if result.status != expected:
            raise _error(result)
    return results[0]


def _is_whole(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE


def _error(result: pq.abc.PGresult) -> psycopg.Error:
    """Return what a result says went wrong; without a state the server never got to say it: the connection broke."""
    error = error_from_result(result)
    return error if error.sqlstate else psycopg.OperationalError(str(error))
