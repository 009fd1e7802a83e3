"""The migrator: once, alone, patient, and able to clean up after a killed one."""

import threading
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from tests.integration.schema.blocking import statements_of
from tests.integration.schema.catalogue import facts_of
from tests.integration.schema.migrators import NEXT, finish, one_more, one_more_index, start_migrator, wait_until

from equeue.adapters.postgres.migrate import (
    LOCK,
    SHIPPED,
    MigrationFailed,
    MigratorBusy,
    migrate_up,
    migration_sql,
    migration_status,
)
from equeue.domain.errors import Unavailable

ALL = tuple(script.revision for script in SHIPPED.after(None))
NO_PATIENCE = timedelta(0)
INVALID = "exists (select from pg_index where indexrelid = to_regclass('equeue.ix_synthetic') and not indisvalid)"
VALID = "exists (select from pg_index where indexrelid = to_regclass('equeue.ix_synthetic') and indisvalid)"
HERE = "database = (select oid from pg_database where datname = current_database())"
LOCKED = f"""exists (
  select from pg_locks where locktype = 'advisory' and granted and objid = {LOCK & 0xFFFFFFFF} and {HERE}
)"""


def test_empty_database_gets_the_whole_history(empty_database_url: str) -> None:
    """The first run applies every migration in order; the database then stands at this build's head."""
    before = migration_status(empty_database_url)
    assert migrate_up(empty_database_url) == ALL
    after = migration_status(empty_database_url)
    assert (before.current, len(before.pending)) == (None, len(ALL))
    assert (after.current, after.pending) == (SHIPPED.head, ())


def test_second_upgrade_changes_nothing(database_url: str) -> None:
    """At head there is nothing to do: no object differs and no row of the version was written."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = facts_of(connection, "equeue")
        written = connection.execute("select xmin, ctid, * from equeue.schema_version").fetchall()
        assert migrate_up(database_url) == ()
        assert facts_of(connection, "equeue") == before
        assert connection.execute("select xmin, ctid, * from equeue.schema_version").fetchall() == written


def test_script_makes_the_same_schema(empty_database_url: str, database_url: str) -> None:
    """The SQL for a database that eQueue may not change makes what the migrator makes."""
    with psycopg.connect(empty_database_url, autocommit=True) as by_hand, psycopg.connect(database_url) as migrated:
        for statement in statements_of(migration_sql()):  # one by one, as psql sends them
            by_hand.execute(statement.encode())
        assert facts_of(by_hand, "equeue") == facts_of(migrated, "equeue")
    assert migrate_up(empty_database_url) == ()


def test_ten_migrators_at_once(empty_database_url: str) -> None:
    """However many start together, each migration is applied once, and all of them end well."""
    answers = finish([start_migrator(empty_database_url) for _ in range(10)])
    assert sorted(answers) == [*[""] * 9, " ".join(ALL)]


def test_waiting_migrators_do_not_block_an_index(database_url: str, tmp_path: Path) -> None:
    """Those who wait hold no snapshot, so the concurrent build of the one at work is not held up by them."""
    revisions = one_more_index(tmp_path)
    answers = finish([start_migrator(database_url, revisions) for _ in range(3)])
    assert sorted(answers) == ["", "", NEXT]
    with psycopg.connect(database_url) as connection:
        wait_until(connection, VALID)


def test_killed_migrator_leaves_nothing_invalid(database_url: str, tmp_path: Path) -> None:
    """Killed within a concurrent build, the next run drops the unfinished index, builds it and ends at head."""
    revisions = one_more_index(tmp_path)
    with (
        psycopg.connect(database_url, autocommit=True) as watcher,
        psycopg.connect(database_url) as reader,
    ):
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select 1 from equeue.jobs")
        migrator = start_migrator(database_url, revisions)
        wait_until(watcher, INVALID)
        migrator.kill()
        migrator.communicate(timeout=30)
        wait_until(watcher, f"not {LOCKED}")
        assert migration_status(database_url, revisions=revisions).current == SHIPPED.head
        wait_until(watcher, INVALID)
        reader.rollback()
        assert migrate_up(database_url, revisions=revisions) == (NEXT,)
        wait_until(watcher, f"{VALID} and not exists (select from pg_index where not indisvalid)")


def test_long_reader_is_waited_for_in_short_turns(database_url: str, tmp_path: Path) -> None:
    """A migration that needs a table's lock gives up its place again and again, and gets through in the end."""
    revisions = one_more(tmp_path, 'op.execute("alter table equeue.jobs add column synthetic integer")')
    applied: list[tuple[str, ...]] = []
    waiting = f"exists (select from pg_locks where relation = 'equeue.jobs'::regclass and not granted and {HERE})"
    with psycopg.connect(database_url, autocommit=True) as watcher, psycopg.connect(database_url) as reader:
        reader.execute("select 1 from equeue.jobs")
        migrator = threading.Thread(target=lambda: applied.append(migrate_up(database_url, revisions=revisions)))
        migrator.start()
        wait_until(watcher, waiting)
        wait_until(watcher, f"not {waiting}")
        watcher.execute("insert into equeue.jobs (task) values ('not.held.up')")
        reader.rollback()
        migrator.join(60)
    assert applied == [(NEXT,)]


def test_impatient_migrator_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """Where a lock is held for all of the patience, the migration is named and nothing of it is kept."""
    body = """
op.execute("create table equeue.synthetic (id integer)")
op.execute("alter table equeue.jobs add column synthetic integer")
"""
    revisions = one_more(tmp_path, body)
    with psycopg.connect(database_url) as reader:
        reader.execute("select 1 from equeue.jobs")
        with pytest.raises(MigrationFailed, match=NEXT):
            migrate_up(database_url, revisions=revisions, patience=NO_PATIENCE)
        assert reader.execute("select to_regclass('equeue.synthetic')").fetchone() == (None,)
    assert migration_status(database_url, revisions=revisions).pending == (f"{NEXT}_expand_synthetic",)


def test_wrong_migration_is_named(database_url: str, tmp_path: Path) -> None:
    """A migration that cannot work fails at once, with its number and the database's reason."""
    revisions = one_more(tmp_path, 'op.execute("alter table equeue.nonsense add column a integer")')
    with pytest.raises(MigrationFailed, match=rf"{NEXT}.*nonsense"):
        migrate_up(database_url, revisions=revisions)


def test_second_migrator_says_that_it_is_second(database_url: str) -> None:
    """A migrator without patience gives way to one at work."""
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(MigratorBusy):
            migrate_up(database_url, patience=NO_PATIENCE)


def test_older_build_leaves_a_newer_schema_alone(database_url: str, tmp_path: Path) -> None:
    """An older build that migrates after a newer one finds nothing to do."""
    migrate_up(database_url, revisions=one_more(tmp_path, "pass"))
    assert migrate_up(database_url) == ()
    assert migration_status(database_url).current == NEXT


def test_unreachable_database_is_unavailable() -> None:
    """Where nothing listens the answer says so, in the driver's words and without the password."""
    with pytest.raises(Unavailable, match="refused") as refusal:
        migrate_up("postgresql://user:hunter2@127.0.0.1:1/nowhere")
    assert "hunter2" not in str(refusal.value)
