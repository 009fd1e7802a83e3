"""Roles with few rights: each does its work, and is refused what is not its work."""

import signal
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs
import psycopg
import pytest
from psycopg import errors, sql
from tests.integration.worker.processes import scene
from tests.servers import Server

from equeue.adapters.postgres.migrate import migrate_up
from equeue.adapters.postgres.roles import GROUPS, OWNER, Roles
from equeue.entrypoints.cli.app import run


@attrs.frozen
class Peopled:
    """A database with roles."""

    url: str
    roles: Roles

    def url_of(self, what: str) -> str:
        """Return the address with which one of the roles logs in."""
        return self.url.replace("postgres@", f"{self.roles.name(what)}@", 1)

    def connect(self, what: str) -> psycopg.Connection:
        """Log in as one of the roles."""
        return psycopg.connect(self.url_of(what), autocommit=True)


@pytest.fixture
def roles(server: Server) -> Iterator[Roles]:
    """Return roles of names that nobody has, gone afterwards from the server that all tests share."""
    made = Roles(f"t_{uuid.uuid4().hex[:12]}")
    yield made
    with psycopg.connect(server.url, autocommit=True) as connection:
        for what in (*GROUPS, OWNER):
            name = sql.Identifier(made.name(what))
            with suppress(errors.UndefinedObject):
                connection.execute(sql.SQL("drop owned by {} cascade").format(name))
                connection.execute(sql.SQL("drop role {}").format(name))


@pytest.fixture
def peopled(roles: Roles, database_url: str) -> Iterator[Peopled]:
    """Give a migrated database in which the command has made the roles."""
    assert run(["roles", "--prefix", roles.prefix, "--database-url", database_url]) == 0
    yield Peopled(database_url, roles)
    _disown(database_url, roles)


@pytest.fixture
def fresh(roles: Roles, empty_database_url: str) -> Iterator[Peopled]:
    """Give a database in which the roles were made before anything else, and the migrator has migrated."""
    assert run(["roles", "--prefix", roles.prefix, "--database-url", empty_database_url]) == 0
    database = Peopled(empty_database_url, roles)
    migrate_up(database.url_of("migrate"))
    yield database
    _disown(empty_database_url, roles)


def _disown(url: str, roles: Roles) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for what in (*GROUPS, OWNER):
            connection.execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(roles.name(what))))


def test_autoscaler_may_ask_one_question_and_no_other(peopled: Peopled) -> None:
    """The function answers; every table, every other write and a write hidden in its session are refused."""
    with psycopg.connect(peopled.url, autocommit=True) as owner:
        owner.execute("insert into equeue.jobs (task, queue) select 'a', 'mail' from generate_series(1, 7)")

    with peopled.connect("keda") as connection:
        assert connection.execute("select equeue.jobs_to_scale_for(array['mail', 'none'])").fetchone() == (7,)
        for forbidden in (
            "select * from equeue.jobs",
            "select secret_hash from equeue.api_keys",
            "insert into equeue.jobs (task) values ('a')",
            "create table equeue.mine ()",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)):
                connection.execute(forbidden.encode())


@pytest.mark.parametrize("what", ["api", "worker", "producer"])
def test_nobody_else_may_call_the_autoscalers_function(peopled: Peopled, what: str) -> None:
    """It runs as its owner, so that it is open to whom it was opened only."""
    with peopled.connect(what) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("select equeue.jobs_to_scale_for(array['mail'])")


def test_producer_enqueues_and_reads_back_and_changes_nothing(peopled: Peopled) -> None:
    """It may add jobs; what is there is not its to change."""
    with peopled.connect("producer") as connection:
        connection.execute("insert into equeue.jobs (task) values ('a')")
        assert connection.execute("select count(*) from equeue.jobs").fetchone() == (1,)
        for forbidden in ("update equeue.jobs set priority = 0", "delete from equeue.jobs", "table equeue.users"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


def test_worker_sees_no_person_and_no_key(peopled: Peopled) -> None:
    """People and their keys are the API's alone, a session is its to begin, and nobody rewrites the audit log."""
    with peopled.connect("worker") as connection:
        for forbidden in (
            "select password_hash from equeue.users",
            "select secret_hash from equeue.api_keys",
            "update equeue.users set role = 'admin'",
            "insert into equeue.sessions (id) values (gen_random_uuid())",
            "update equeue.audit_log set action = 'a'",
            "update equeue.schema_version set version_num = '9999'",
            "alter table equeue.jobs add column mine text",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


def test_api_serves_data_and_changes_no_schema(peopled: Peopled) -> None:
    """It reads and writes rows; tables, and the audit log's past, are not its to change."""
    with peopled.connect("api") as connection:
        connection.execute("select password_hash from equeue.users")
        for forbidden in ("drop table equeue.jobs", "truncate equeue.jobs", "update equeue.audit_log set action = 'a'"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())


def test_roles_made_first_have_their_rights_once_the_migrator_migrated(fresh: Peopled) -> None:
    """The migrator acts as the owner, and each migration gives the rights to what it brought."""
    with fresh.connect("migrate") as connection:
        owners = connection.execute("select distinct tableowner from pg_tables where schemaname = 'equeue'").fetchall()
        assert owners == [(fresh.roles.name(OWNER),)]
    with fresh.connect("keda") as connection:
        assert connection.execute("select equeue.jobs_to_scale_for(array['mail'])").fetchone() == (0,)
    with fresh.connect("worker") as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("select secret_hash from equeue.api_keys")


def test_worker_works_and_api_serves_as_their_roles(fresh: Peopled) -> None:
    """Real processes over their own roles: jobs run, fail, die and are counted, and maintenance is done."""
    with scene(fresh.url) as stage:
        stage.database.execute(f"grant all on ledger to {fresh.roles.name('worker')}".encode())
        worker = stage.start(EQUEUE_DATABASE_URL=fresh.url_of("worker"), LEDGER_URL=fresh.url)
        api = stage.serve(EQUEUE_DATABASE_URL=fresh.url_of("api"))
        jobs = stage.enqueue("noted.run", count=5)
        stage.until_ended(jobs)

        assert stage.counts() == {"succeeded": 5}
        for process in (worker, api):
            assert not [line for line in process.lines if "permission denied" in line]
            process.tell(signal.SIGTERM)
            assert process.wait() == 0


def test_roles_are_made_again_without_harm_and_with_passwords(peopled: Peopled, tmp_path: Path) -> None:
    """The second time gives fresh passwords, as files that nobody else reads, each a whole URL."""
    folder = tmp_path / "secrets"
    words = ["roles", "--prefix", peopled.roles.prefix, "--secrets", str(folder), "--database-url", peopled.url]
    assert run(words) == 0

    assert {file.name for file in folder.iterdir()} == {f"{what}-url" for what in GROUPS}
    file = folder / "api-url"
    assert file.stat().st_mode & 0o077 == 0
    with psycopg.connect(file.read_text().strip()) as connection:
        assert connection.execute("select current_user").fetchone() == (peopled.roles.name("api"),)


def test_script_does_the_same(roles: Roles, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An administrator runs it in psql; it holds no password."""
    assert run(["roles", "--prefix", roles.prefix, "--sql", "--database-url", database_url]) == 0
    script = capsys.readouterr().out

    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(script.encode())
    with Peopled(database_url, roles).connect("keda") as connection:
        assert connection.execute("select equeue.jobs_to_scale_for(array['mail'])").fetchone() == (0,)
    _disown(database_url, roles)
