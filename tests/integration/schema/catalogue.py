"""Reads a schema back from PostgreSQL's catalogues, as facts that can be compared."""

from collections.abc import Iterable
from typing import LiteralString, TypeAlias

import psycopg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from equeue.adapters.postgres import columns, failure_models, models, scaling_function, schema, statistics_models

Facts: TypeAlias = dict[str, str]
SCRATCH = "as_modelled"
NOT_OURS = "schema_version"
"""Alembic's own table; the models do not know it."""

# `pg_attver` is a stamp that the server itself puts on columns (seen in 15.20); it differs from table to table.
_QUERIES: tuple[LiteralString, ...] = (
    """
    select format('column %%s.%%s', c.relname, a.attname),
      concat_ws(' | ', a.attnum, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
        'default ' || pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, a.attstorage,
        a.attcompression, a.attstattarget, a.attcollation::regcollation,
        array(select o from unnest(a.attoptions) o where not starts_with(o, 'pg_attver=')))
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = %(schema)s::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
    """,
    """
    select format('table %%s', c.relname), concat_ws(' | ', c.relkind, c.relpersistence, c.reloptions,
      t.reloptions, c.relrowsecurity, obj_description(c.oid, 'pg_class'))
    from pg_class c
    left join pg_class t on t.oid = c.reltoastrelid
    where c.relnamespace = %(schema)s::regnamespace and c.relkind not in ('i', 'I', 't')
    """,
    """
    select format('constraint %%s of %%s', n.conname, coalesce(c.relname, y.typname)),
      concat_ws(' | ', pg_get_constraintdef(n.oid), n.convalidated, n.condeferrable)
    from pg_constraint n
    left join pg_class c on c.oid = n.conrelid
    left join pg_type y on y.oid = n.contypid
    where n.connamespace = %(schema)s::regnamespace and n.contype <> 'n'
    """,
    """
    select format('index %%s', c.relname),
      concat_ws(' | ', pg_get_indexdef(i.indexrelid), c.reloptions, i.indisvalid, i.indisready)
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = %(schema)s::regnamespace
    """,
    """
    select format('type %%s', y.typname), concat_ws(' | ', y.typtype, y.typnotnull, y.typdefault,
      format_type(nullif(y.typbasetype, 0), y.typtypmod), y.typcollation::regcollation,
      (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
        from pg_enum e where e.enumtypid = y.oid))
    from pg_type y
    where y.typnamespace = %(schema)s::regnamespace and y.typtype in ('e', 'd')
    """,
    """
    select format('function %%s', p.proname), pg_get_functiondef(p.oid)
    from pg_proc p
    where p.pronamespace = %(schema)s::regnamespace
    """,
    """
    select format('trigger %%s', t.tgname), pg_get_triggerdef(t.oid)
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = %(schema)s::regnamespace and not t.tgisinternal
    """,
)


def facts_of(connection: psycopg.Connection, schema_name: str) -> Facts:
    """Return all that PostgreSQL knows of the schema, the schema's own name written as in production."""
    rows = (
        row
        for query in _QUERIES
        for row in connection.execute(query, {"schema": schema_name}).fetchall()
        if NOT_OURS not in row[0]
    )
    return {name: text.replace(f"{schema_name}.", f"{columns.SCHEMA}.") for name, text in rows}


def model_ddl(schema_name: str) -> Iterable[str]:
    """Yield the statements that the models amount to, for a schema of another name."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statements = [
        f"create schema {columns.SCHEMA}.",
        *(str(postgresql.CreateEnumType(kind).compile(dialect=dialect)) for kind in columns.ENUMS),
        *(str(postgresql.CreateDomainType(kind).compile(dialect=dialect)) for kind in columns.DOMAINS),
        columns.UUID7_FUNCTION,
        schema.FLOOR_FUNCTION,
        *failure_models.FUNCTIONS,
        *statistics_models.FUNCTIONS[:2],
    ]
    for table in models.Model.metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements.extend(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    statements.extend(statistics_models.FUNCTIONS[2:])
    statements.extend(models.TRIGGERS)
    statements.append(scaling_function.SCALING_FUNCTION)
    for statement in statements:
        yield statement.replace(f"{columns.SCHEMA}.", f"{schema_name}.").removesuffix(".")
