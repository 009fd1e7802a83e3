"""Each rule of the schema refuses what breaks it, and there is no rule without such a proof."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import IntegrityError, NotNullViolation
from tests.integration.schema.cases import BROKEN, WITHIN, Broken
from tests.integration.schema.rows import NEEDS, VALID, insert, needed

from equeue.adapters.postgres.models import Model

REQUIRED = [
    (table.name, column.name)
    for table in Model.metadata.sorted_tables
    for column in table.columns
    if not column.nullable
]


@pytest.fixture
def connection(database: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give the connection in a transaction that leaves nothing behind."""
    yield database
    database.rollback()


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_broken_rule_is_refused(connection: psycopg.Connection, case: Broken) -> None:
    """A row that breaks exactly this rule is refused under the rule's name."""
    for statement in (*needed(case.kind), *case.before):
        connection.execute(statement.encode())
    with pytest.raises(IntegrityError) as refusal:
        connection.execute(insert(case.kind, **case.changes).encode())
    assert refusal.value.diag.constraint_name == case.rule


@pytest.mark.parametrize(("kind", "changes"), [*((kind, {}) for kind in VALID), *WITHIN])
def test_what_keeps_every_rule_is_stored(connection: psycopg.Connection, kind: str, changes: dict[str, str]) -> None:
    """Rows at the very bounds are accepted, so that no rule is stricter than it says."""
    for statement in (*needed(kind), insert(kind, **changes)):
        connection.execute(statement.encode())


@pytest.mark.parametrize(("table", "column"), REQUIRED)
def test_known_values_are_never_null(connection: psycopg.Connection, table: str, column: str) -> None:
    """A column whose value is always known refuses NULL."""
    kind = next(kind for kind, (its_table, _) in VALID.items() if its_table == table)
    for statement in (*needed(kind), insert(kind)):
        connection.execute(statement.encode())
    with pytest.raises(NotNullViolation) as refusal:
        connection.execute(f"update equeue.{table} set {column} = null".encode())
    assert refusal.value.diag.column_name == column


def test_every_rule_is_proven(connection: psycopg.Connection) -> None:
    """The rules in the database are those that are broken above, one and all."""
    rules = connection.execute("""
        select conname from pg_constraint
        where connamespace = 'equeue'::regnamespace and contype <> 'n' and conname not like 'schema\\_version%'
        union
        select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
        where c.relnamespace = 'equeue'::regnamespace and i.indisunique and c.relname not like 'schema\\_version%'
    """).fetchall()
    assert {rule for (rule,) in rules} == {case.rule for case in BROKEN}


def test_every_required_column_is_proven(connection: psycopg.Connection) -> None:
    """The columns that refuse NULL in the database are those tested above, one and all."""
    columns = connection.execute("""
        select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = 'equeue'::regnamespace and c.relkind = 'r' and a.attnum > 0 and a.attnotnull
        and c.relname <> 'schema_version'
    """).fetchall()
    assert sorted(columns) == sorted(REQUIRED)


def test_every_status_has_a_valid_row() -> None:
    """The valid rows cover each status, so that a rule about one is tried."""
    assert set(VALID) >= {"queued", "running", "succeeded", "dead", "cancelled", *NEEDS}
