"""What tests of the SDK share: engines over a fresh database, its jobs as plain rows, and an ear for rings."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import attrs
import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from equeue.adapters.postgres.engine import read_url
from equeue.entrypoints.sdk.turns import Line


@attrs.frozen
class Database:
    """A fresh migrated database, as somebody sees it who only has SQL."""

    url: str
    _connection: psycopg.Connection[dict[str, Any]]

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job, oldest first."""
        return self._connection.execute("select * from equeue.jobs order by id").fetchall()

    def job(self, job_id: UUID) -> dict[str, Any]:
        """Return one job that is there."""
        row = self._connection.execute("select * from equeue.jobs where id = %s", [job_id]).fetchone()
        assert row is not None
        return row

    def run(self, statement: str, *facts: Any) -> None:
        """Run one statement."""
        self._connection.execute(statement.encode(), facts)

    def transactions(self) -> list[str]:
        """Return for each job which transaction stored it."""
        return [row["xmin"] for row in self._connection.execute("select xmin::text from equeue.jobs")]

    def until_waiting(self, inserts: int, *, callers: int = 0, line: Line[Any] | None = None) -> None:
        """Return once so many INSERTs wait for the table, and so many callers' jobs behind them in `line`."""
        deadline = time.monotonic() + 20
        while len(self._waiting()) != inserts or (line is not None and line.jobs != callers):
            assert time.monotonic() < deadline, f"{len(self._waiting())} INSERTs wait, {line and line.jobs} callers"

    def cut_waiting(self) -> None:
        """Break the connections of the INSERTs that wait for the table."""
        for pid in self._waiting():
            self._connection.execute("select pg_terminate_backend(%s, 10000)", [pid])

    def _waiting(self) -> list[int]:
        rows = self._connection.execute(
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return [row["pid"] for row in rows]

    def rung(self, *, timeout: float = 10) -> str | None:
        """Return the next queue that was rung, `None` if there is none within the time."""
        return next((notify.payload for notify in self._connection.notifies(timeout=timeout, stop_after=1)), None)

    def heard(self) -> list[str]:
        """Return what was rung until now: a message of our own marks the end of what was said before it."""
        self._connection.execute("notify done")
        heard: list[str] = []
        for notify in self._connection.notifies(timeout=10):
            if notify.channel == "done":
                return heard
            heard.append(notify.payload)
        raise AssertionError("the server said nothing")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give a fresh database, its channel of rings listened to."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute('listen "equeue.ready"; listen done')
        yield Database(database_url, connection)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Give a caller's own synchronous engine."""
    engine = create_engine(read_url(database_url))
    yield engine
    engine.dispose()


@pytest.fixture
async def async_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give a caller's own asynchronous engine."""
    engine = create_async_engine(read_url(database_url))
    yield engine
    await engine.dispose()
