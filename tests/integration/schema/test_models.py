"""The migrations make exactly what the models say."""

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Index, Table
from tests.integration.schema.catalogue import SCRATCH, Facts, facts_of, model_ddl

from equeue.adapters.postgres.columns import DOMAINS
from equeue.adapters.postgres.models import Model

TABLES = Model.metadata.sorted_tables
CHECKS = sorted(
    ((table, rule) for table in TABLES for rule in table.constraints if isinstance(rule, CheckConstraint)),
    key=lambda pair: str(pair[1].name),
)
INDEXES = sorted(((table, index) for table in TABLES for index in table.indexes), key=lambda pair: str(pair[1].name))
PARTIAL = [index for _, index in INDEXES if index.dialect_options["postgresql"]["where"] is not None]


@pytest.fixture(scope="module")
def modelled(database: psycopg.Connection) -> Facts:
    """Return the facts of the models, laid out beside the migrated schema in one of their own."""
    for statement in model_ddl(SCRATCH):
        database.execute(statement.encode())
    database.commit()
    return facts_of(database, SCRATCH)


def test_migrated_schema_is_the_modelled_one(database: psycopg.Connection, modelled: Facts) -> None:
    """Columns, types, defaults, nullability, labels, constraints, indexes, settings and functions are the same."""
    assert facts_of(database, "equeue") == modelled
    assert len(modelled) > 100


def _name(thing: object) -> str:
    return str(getattr(thing, "name", thing))


@pytest.mark.parametrize(("table", "rule"), CHECKS, ids=_name)
def test_lost_check_is_noticed(
    database: psycopg.Connection, modelled: Facts, table: Table, rule: CheckConstraint
) -> None:
    """A CHECK that a migration forgot makes the comparison fail."""
    _assert_noticed(database, modelled, f"alter table {table.fullname} drop constraint {rule.name}")


@pytest.mark.parametrize("domain", DOMAINS, ids=_name)
def test_lost_rule_of_a_domain_is_noticed(database: psycopg.Connection, modelled: Facts, domain: object) -> None:
    """A domain's CHECK that a migration forgot makes the comparison fail."""
    constraint = getattr(domain, "constraint_name", None)
    _assert_noticed(database, modelled, f"alter domain equeue.{_name(domain)} drop constraint {constraint}")


@pytest.mark.parametrize(("table", "index"), INDEXES, ids=_name)
def test_lost_index_is_noticed(database: psycopg.Connection, modelled: Facts, table: Table, index: Index) -> None:
    """An index that a migration forgot makes the comparison fail."""
    _assert_noticed(database, modelled, f"drop index {table.schema}.{index.name}")


@pytest.mark.parametrize("index", PARTIAL, ids=_name)
def test_lost_predicate_is_noticed(database: psycopg.Connection, modelled: Facts, index: Index) -> None:
    """A partial index without its predicate makes the comparison fail."""
    definition = database.execute("select pg_get_indexdef(%s::regclass)", [f"equeue.{index.name}"]).fetchone()
    assert definition is not None
    whole = definition[0].partition(" WHERE ")[0]
    _assert_noticed(database, modelled, f"drop index equeue.{index.name}; {whole}")


@pytest.mark.parametrize(
    "change",
    [
        "alter table equeue.jobs alter task drop not null",
        "alter table equeue.jobs alter max_retries set default 4",
        "alter table equeue.jobs alter attempt type bigint",
        "alter table equeue.jobs alter payload type jsonb",
        "alter table equeue.jobs alter payload set storage external",
        "alter table equeue.jobs alter task set statistics 10",
        "alter table equeue.jobs alter task set (n_distinct = 10)",
        "alter table equeue.jobs set (fillfactor = 42)",
        "alter table equeue.jobs set (toast.autovacuum_enabled = off)",
        "alter index equeue.ix_jobs_claim set (fillfactor = 42)",
        "alter table equeue.jobs add column surplus integer",
        "alter table equeue.jobs drop column traceparent",
        "alter table equeue.attempts drop constraint fk_attempts_job_id_jobs",
        "alter table equeue.cadences drop constraint pk_cadences",
        "alter table equeue.jobs add unique (traceparent)",
        "alter type equeue.role rename value 'member' to 'guest'",
        "alter type equeue.role add value 'guest'",
        "alter domain equeue.key set default 'x'",
        "create or replace function equeue.uuid7() returns uuid language sql volatile return gen_random_uuid()",
        "create or replace function equeue.schema_floor() returns text language sql immutable return '0000'",
        "create table equeue.surplus (id integer)",
        "drop table equeue.cadences",
        "drop trigger dead_letters_moved on equeue.jobs",
        "drop trigger dead_letters_added on equeue.jobs",
        "drop trigger dead_letters_removed on equeue.jobs",
    ],
)
def test_any_other_difference_is_noticed(database: psycopg.Connection, modelled: Facts, change: str) -> None:
    """Nullability, defaults, types, settings, labels and functions are compared too, in both directions."""
    _assert_noticed(database, modelled, change)


def _assert_noticed(database: psycopg.Connection, modelled: Facts, change: str) -> None:
    with database.transaction(force_rollback=True):
        database.execute(change.encode())
        assert facts_of(database, "equeue") != modelled
    database.rollback()
