"""The migrator: brings the schema up to this build's newest revision, one migrator at a time, forward only."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import attrs
from alembic import command
from alembic.script import Script
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .columns import SCHEMA
from .engine import away, connect_arguments, is_unavailable, read_url
from .revisions import Revisions
from .roles import renew_rights

PATIENCE = timedelta(minutes=10)
LOCK = 0x65_71_75_65_75_65
"""The advisory lock that migrators share: "equeue" in ASCII."""

LOCK_TIMEOUT = "3s"
"""How long a migration may stand in the queue for a table's lock, and everybody behind it; then it tries again."""

SHIPPED = Revisions()

_LOCKED = frozenset({"55P03", "40P01"})
_SESSION = (
    "set statement_timeout = 0",
    "set idle_in_transaction_session_timeout = 0",
    "set search_path = pg_catalog",
)
_INVALID = text("""
    select format('drop index concurrently if exists %I.%I', n.nspname, c.relname)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid
    and n.nspname = :schema
    and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
""")


class MigrationFailed(Exception):
    """A migration could not be applied; everything before it is kept, and nothing of it but finished indexes."""

    def __init__(self, revision: str, why: str) -> None:
        super().__init__(f"migration {revision} failed: {why}")
        self.revision = revision


class MigratorBusy(Exception):
    """Another migrator was at work all the time; see who it is: select * from pg_locks where locktype = 'advisory'."""


@attrs.frozen
class MigrationStatus:
    """Where the database is (`None`: nowhere yet), where this build ends, and what lies between."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def migrate_up(url: str, *, patience: timedelta = PATIENCE, revisions: Revisions = SHIPPED) -> tuple[str, ...]:
    """Bring the database at `url`, reached directly and not through a pooler, to this build's newest revision.

    Returns the revisions applied here: none when the database is there already or further. Any number of migrators
    may be started at once. Indexes that a killed migrator left invalid are dropped and built again. Raises
    `MigratorBusy` or `MigrationFailed` when locks were held for all of `patience`, `Unavailable` when the database
    does not answer.
    """
    end = time.monotonic() + patience.total_seconds()
    with _connection(url) as connection:
        _become_only_migrator(connection, end)
        _prepare(connection)
        pending = revisions.after(_current(connection))
        for script in pending:
            _apply(connection, revisions, script, end)
        if pending:
            renew_rights(connection)
    return tuple(script.revision for script in pending)


def migration_status(url: str, *, revisions: Revisions = SHIPPED) -> MigrationStatus:
    """Say where the database at `url` stands. Raises `Unavailable`."""
    with _connection(url) as connection:
        current = _current(connection)
    names = tuple(revisions.name(script) for script in revisions.after(current))
    return MigrationStatus(current, revisions.head, names)


def migration_sql(*, revisions: Revisions = SHIPPED) -> str:
    """Return the whole history as one script, for a database that eQueue may not change itself."""
    script = StringIO()
    command.upgrade(revisions.config(output_buffer=script), "head", sql=True)
    return script.getvalue()


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    parsed = read_url(url)
    engine = create_engine(parsed, poolclass=NullPool, connect_args=connect_arguments(parsed), hide_parameters=True)
    try:
        with engine.connect() as connection:
            for statement in _SESSION:
                _value(connection, statement)
            # A migrator that was killed shall not go on inside the server. Not every platform can see that.
            with suppress(DBAPIError):
                _value(connection, "set client_connection_check_interval = '1s'")
            connection.rollback()
            yield connection
    except DBAPIError as error:
        if error.connection_invalidated or (error.orig is not None and is_unavailable(error.orig)):
            raise away(error) from error
        raise


def _become_only_migrator(connection: Connection, end: float) -> None:
    """Take the migrators' lock, held until the connection closes.

    Waiting inside `pg_advisory_lock` would hold a snapshot, for which a concurrent index build of the holder
    would wait in turn; so each try is a transaction of its own, and between them there is none.
    """
    while not _value(connection, f"select pg_try_advisory_lock({LOCK})"):
        _wait(end, MigratorBusy("another migrator holds the lock"))


def _prepare(connection: Connection) -> None:
    """Make the schema, if the role need and may, and drop the indexes that a killed migrator left unfinished."""
    if _value(connection, f"select to_regnamespace('{SCHEMA}') is null"):
        _value(connection, f"create schema {SCHEMA}")
    leftovers = connection.execute(_INVALID, {"schema": SCHEMA}).scalars().all()
    connection.commit()
    with _autocommit(connection):
        for statement in leftovers:
            connection.exec_driver_sql(statement)


def _current(connection: Connection) -> str | None:
    if _value(connection, f"select to_regclass('{SCHEMA}.schema_version') is null"):
        return None
    revision = _value(connection, "select max(version_num) from equeue.schema_version")
    return None if revision is None else str(revision)


def _apply(connection: Connection, revisions: Revisions, script: Script, end: float) -> None:
    while True:
        _value(connection, f"set lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            command.upgrade(revisions.config(connection=connection), script.revision)
        except DBAPIError as error:
            connection.rollback()
            if error.connection_invalidated:
                raise
            failure = MigrationFailed(script.revision, str(error.orig))
            if getattr(error.orig, "sqlstate", None) not in _LOCKED:
                raise failure from error
            _wait(end, failure)
            _prepare(connection)
        else:
            connection.commit()
            return


def _wait(end: float, refusal: Exception) -> None:
    if time.monotonic() >= end:
        raise refusal
    time.sleep(random.uniform(0.1, 0.5))


def _value(connection: Connection, statement: str) -> Any:
    """Run one statement, leave no transaction open behind it, and return its first value, if it has one."""
    result = connection.exec_driver_sql(statement)
    value = result.scalar() if result.returns_rows else None
    connection.commit()
    return value


@contextmanager
def _autocommit(connection: Connection) -> Iterator[None]:
    """Run what no transaction may hold."""
    connection.execution_options(isolation_level="AUTOCOMMIT")
    try:
        yield
    finally:
        connection.rollback()
        connection.execution_options(isolation_level="READ COMMITTED")
