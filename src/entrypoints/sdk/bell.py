"""Has workers told of jobs once the caller's SQLAlchemy transaction is committed, never at that commit's expense.

SQLAlchemy says that a connection is about to commit, and later that it goes back to its pool or begins anew: then the
commit is over, and whatever was enqueued before it is there to be seen.
"""

from collections.abc import Collection
from typing import Any, Final
from weakref import WeakSet

import attrs
import psycopg
from psycopg import pq
from sqlalchemy import URL, Connection, Pool, event

from .ringer import Ringer, ringer_at, ringer_beside

_KEY: Final = "equeue"


@attrs.define(eq=False)
class _Hints:
    """What one connection has to tell: queues of the open transaction, and of those committed before it."""

    ringer: Ringer
    open: set[str] = attrs.field(factory=set)
    committed: set[str] = attrs.field(factory=set)

    def tell(self) -> None:
        """Tell what was committed; what is still open now was rolled back."""
        self.open.clear()
        if self.committed:
            self.ringer.ring(self.committed)
            self.committed.clear()


def ring_after_commit(connection: Connection, queues: Collection[str]) -> None:
    """Have `queues` rung once the transaction on `connection` is committed; a rollback forgets them."""
    hints = _hints(connection)
    if getattr(connection.connection.dbapi_connection, "autocommit", False) is True:
        hints.ringer.ring(queues)
        return
    hints.ringer.expect()
    hints.open.update(queues)
    _listen(connection)


def ring_now(connection: Connection, queues: Collection[str]) -> None:
    """Ring `queues` at once."""
    _hints(connection).ringer.ring(queues)


def _hints(connection: Connection) -> _Hints:
    """Return what the connection has to tell; kept with the driver's connection, which outlives SQLAlchemy's."""
    hints: _Hints | None = connection.info.get(_KEY)
    if hints is None:
        hints = connection.info[_KEY] = _Hints(_ringer(connection))
    return hints


def _ringer(connection: Connection) -> Ringer:
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection | psycopg.AsyncConnection):
        return ringer_beside(driver)
    return ringer_at({"conninfo": _conninfo(connection.engine.url)})


def _conninfo(url: URL) -> str:
    """Return another driver's address as psycopg reads it, without what only that driver knows."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    query = {name: value for name, value in url.query.items() if name in known}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


def _listen(connection: Connection) -> None:
    """Hear of what becomes of the connection, once; SQLAlchemy's own `contains` mistakes new objects for dead ones."""
    if connection not in _heard:
        _heard.add(connection)
        event.listen(connection, "begin", _begun)
        event.listen(connection, "commit", _committed)
    if connection.engine.pool not in _heard:
        _heard.add(connection.engine.pool)
        event.listen(connection.engine.pool, "checkin", _checked_in)


def _committed(connection: Connection) -> None:
    hints = _hints(connection)
    hints.committed |= hints.open
    hints.open.clear()


def _begun(connection: Connection) -> None:
    _hints(connection).tell()


def _checked_in(_: Any, record: Any) -> None:
    if hints := record.info.get(_KEY):
        hints.tell()


_heard: "WeakSet[Connection | Pool]" = WeakSet()
