"""A producer's own connections, in AUTOCOMMIT: opened when needed, thrown away when broken."""

from typing import Any

import attrs
import psycopg
from psycopg.pq import TransactionStatus

from ...adapters.postgres.engine import connect_arguments, read_url
from ...adapters.postgres.errors import told
from ...adapters.postgres.insertion import Query, Rows
from .questions import as_bytes
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
    """One synchronous connection, used by one thread at a time."""

    def __init__(self, address: Address) -> None:
        self._arguments = address.arguments
        self._prepare = not address.pooler
        self._connection: psycopg.Connection[Any] | None = None

    def ask(self, query: Query) -> Rows:
        """Return the rows that answer `query`, in a transaction of its own; raise in eQueue's words."""
        try:
            connection = self._open()
            cursor = connection.execute(as_bytes(query), query.documents, prepare=self._prepare)
            return cursor.fetchall()
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
        if self._connection is None:
            self._connection = psycopg.connect(**self._arguments, autocommit=True)
        return self._connection


class AsyncLink:
    """One asynchronous connection, used by one task at a time."""

    def __init__(self, address: Address) -> None:
        self._arguments = address.arguments
        self._prepare = not address.pooler
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def ask(self, query: Query) -> Rows:
        """Return the rows that answer `query`, in a transaction of its own; raise in eQueue's words."""
        try:
            connection = await self._open()
            cursor = await connection.execute(as_bytes(query), query.documents, prepare=self._prepare)
            return await cursor.fetchall()
        except (psycopg.Error, OSError, UnicodeEncodeError) as error:
            raise told(error) from error
        finally:
            if self._connection is not None and not _is_whole(self._connection):
                await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
        return self._connection


def _is_whole(connection: "psycopg.Connection[Any] | psycopg.AsyncConnection[Any]") -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE
