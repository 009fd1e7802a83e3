"""What every migration keeps to, now and later."""

import ast
import re
from io import StringIO
from pathlib import Path

import pytest
from alembic import command
from alembic.script import Script
from tests.integration.schema.blocking import complaints, statements_of

from equeue.adapters.postgres import schema
from equeue.adapters.postgres.revisions import Revisions

HISTORY = Revisions()
SCRIPTS = HISTORY.after(None)
FILES = sorted(Path(SCRIPTS[0].path).parent.parent.rglob("*.py"))


def _sql(script: Script) -> str:
    output = StringIO()
    start = script.down_revision or "base"
    command.upgrade(HISTORY.config(output_buffer=output), f"{start}:{script.revision}", sql=True)
    return output.getvalue()


@pytest.mark.parametrize("script", SCRIPTS, ids=HISTORY.name)
def test_no_migration_blocks_without_a_reason(script: Script) -> None:
    """What could hold up a busy table is written otherwise, or says why it is all right."""
    assert complaints(_sql(script)) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=HISTORY.name)
def test_names_tell_when_to_run(script: Script) -> None:
    """A file says whether it runs before a deploy (expand) or after (contract); its number is its revision."""
    assert re.fullmatch(rf"{script.revision}_(expand|contract)_[a-z0-9_]+", HISTORY.name(script))
    assert re.fullmatch(r"\d{4}", script.revision)


def test_history_is_one_line() -> None:
    """Each migration follows the one numbered before it, and none goes back."""
    numbers = [int(script.revision) for script in SCRIPTS]
    assert numbers == list(range(1, len(SCRIPTS) + 1))
    assert not any(hasattr(script.module, "downgrade") for script in SCRIPTS)


def test_build_knows_its_history() -> None:
    """The revisions that the start-up check compares with are those of the files."""
    contractions = [script.revision for script in SCRIPTS if "_contract_" in script.path]
    assert SCRIPTS[-1].revision == schema.HEAD
    assert (contractions or [SCRIPTS[0].revision])[-1] == schema.FLOOR
    assert schema.FLOOR <= schema.MINIMUM <= schema.HEAD


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_migrations_stand_alone(path: Path) -> None:
    """History must not change with the code: only `env.py` imports anything of eQueue, and only the models."""
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    ours = {name for name in imported if name.startswith(("equeue", "."))}
    assert ours == ({"equeue.adapters.postgres.models"} if path.name == "env.py" else set())
    assert {name.partition(".")[0] for name in imported - ours} <= {"alembic", "pathlib", "sqlalchemy", "typing"}


@pytest.mark.parametrize(
    "statement",
    [
        "create index ix on equeue.jobs (task)",
        "create unique index ix on equeue.jobs (task)",
        "create index concurrently ix on equeue.jobs (task)",
        "drop index equeue.ix_jobs_claim",
        "reindex table equeue.jobs",
        "alter table equeue.jobs alter column task set not null",
        "alter table equeue.jobs alter attempt type bigint",
        "alter table equeue.jobs add column a uuid default equeue.uuid7()",
        "alter table equeue.jobs add column a equeue.key",
        "alter table equeue.jobs add column a integer not null",
        "alter table equeue.jobs add column a integer check (a > 0)",
        "alter table equeue.jobs add column a integer references equeue.tasks",
        "alter table equeue.jobs add column a integer generated always as (attempt + 1) stored",
        "alter table equeue.jobs add column a integer, drop column task",
        "alter table equeue.jobs add constraint c check (attempt < 9)",
        "alter table equeue.jobs add constraint c unique (task)",
        "alter table equeue.jobs add constraint c foreign key (user_id) references equeue.users",
        "alter table equeue.jobs drop column traceparent",
        "alter table equeue.jobs rename task to name",
        "alter table equeue.jobs set unlogged",
        "alter domain equeue.key add constraint c check (value <> 'x')",
        "create trigger t after insert on equeue.jobs execute function f()",
        "update equeue.jobs set priority = 5",
        "delete from equeue.attempts",
        "drop table equeue.cadences",
        "truncate equeue.cadences",
        "lock table equeue.jobs",
        "vacuum full equeue.jobs",
        "cluster equeue.jobs using pk_jobs",
        "select 1 -- not known to be harmless",
    ],
)
def test_blocking_statement_is_refused(statement: str) -> None:
    """Each way to hold up a busy table is complained of, and accepted with a written reason."""
    assert complaints(f"create table equeue.other (id uuid);\n{statement};")
    if "concurrently" not in statement:
        assert complaints(f"-- blocking: the table is tiny\n{statement};") == []


@pytest.mark.parametrize(
    "statements",
    [
        "set lock_timeout = 0; create index concurrently if not exists ix on equeue.jobs (task) where a = ';'",
        "set lock_timeout = 0; drop index concurrently if exists equeue.ix_jobs_claim",
        "alter table equeue.jobs add column a integer",
        "alter table equeue.jobs add column a integer default 5 not null, add column b text[] default '{}'",
        "alter table equeue.jobs add constraint c check (attempt < 9) not valid",
        "alter table equeue.jobs validate constraint c",
        "alter table equeue.jobs set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)",
        "create table equeue.new (id uuid); create index ix on equeue.new (id); alter table equeue.new add unique (id)",
        "create or replace function equeue.f() returns text language sql as $$ select 'update jobs; delete' $$",
        "alter type equeue.role add value 'guest'",
    ],
)
def test_harmless_statement_passes(statements: str) -> None:
    """What locks nobody out for long needs no reason."""
    assert complaints(statements) == []


@pytest.mark.parametrize(
    "statements",
    [
        "create index concurrently if not exists ix on equeue.jobs (task)",
        "set lock_timeout = 0; create index concurrently if not exists ix on equeue.jobs (task); drop table equeue.x",
    ],
)
def test_concurrent_build_stands_alone(statements: str) -> None:
    """A migration that builds an index concurrently is patient and holds nothing that cannot be done twice."""
    assert complaints(statements)


def test_statements_are_told_apart() -> None:
    """A semicolon inside a string, a comment or a body does not end a statement."""
    script = "select ';' as \"a;b\"; -- one; two\nselect $f$ ; $f$; /* ; */ ;"
    assert list(statements_of(script)) == ["select ';' as \"a;b\"", "-- one; two\nselect $f$ ; $f$"]
