"""What PostgreSQL tells of itself: sizes, rows as its statistics know them, and who holds old snapshots."""

from itertools import groupby
from typing import Any

import attrs
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.system import DatabaseFacts, HolderKind, IndexFacts, TableFacts, VacuumHolder
from .errors import translated
from .rows import maybe_utc

_DATABASE = text("""
select current_setting('server_version') as version,
       (select version_num from equeue.schema_version) as revision,
       pg_database_size(current_database()) as bytes
""")

# One row for each index, and one for a table that has none. Of a table only the part beside its indexes.
_TABLES = text("""
select t.relname as name,
       coalesce(s.n_live_tup, 0) as live_rows,
       coalesce(s.n_dead_tup, 0) as dead_rows,
       pg_table_size(t.oid) as bytes,
       greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at,
       greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at,
       i.relname as index_name,
       pg_relation_size(i.oid) as index_bytes
from pg_catalog.pg_class as t
left join pg_catalog.pg_stat_user_tables as s on s.relid = t.oid
left join pg_catalog.pg_index as x on x.indrelid = t.oid
left join pg_catalog.pg_class as i on i.oid = x.indexrelid
where t.relnamespace = 'equeue'::regnamespace
  and t.relkind = 'r'
order by t.relname, i.relname
""")

# A session is named by what it calls itself, never by what it runs: statements may hold secrets.
_HOLDERS = text(f"""
select held.kind, held.name, held.transactions, greatest(now() - held.since, interval '0') as age
from (
  select '{HolderKind.SESSION}' as kind,
         coalesce(nullif(application_name, ''), backend_type) || ', pid ' || pid as name,
         greatest(age(backend_xmin), age(backend_xid)) as transactions,
         xact_start as since
  from pg_catalog.pg_stat_activity
  where pid <> pg_backend_pid()
    and backend_type <> 'walsender'
    and (datname = current_database() or datname is null)
  union all
  select '{HolderKind.PREPARED}', gid, age(transaction), prepared
  from pg_catalog.pg_prepared_xacts
  where database = current_database()
  union all
  select '{HolderKind.SLOT}', slot_name, greatest(age(xmin), age(catalog_xmin)), null
  from pg_catalog.pg_replication_slots
  union all
  select '{HolderKind.STANDBY}', coalesce(nullif(application_name, ''), 'standby') || ', pid ' || pid,
         age(backend_xmin), null
  from pg_catalog.pg_stat_replication
) as held
where held.transactions is not null
order by held.transactions desc, held.since
limit 10
""")  # noqa: S608 - what is put into the text are our own words


@attrs.frozen
class PostgresSystemReads:
    """A `SystemReads` over the catalogue: three statements, none of which reads a table of ours."""

    _engine: AsyncEngine

    async def look(self) -> DatabaseFacts:
        """Return what the database tells."""
        with translated():
            async with self._engine.connect() as connection:
                database = (await connection.execute(_DATABASE)).one()
                tables = (await connection.execute(_TABLES)).all()
                holders = (await connection.execute(_HOLDERS)).all()
        found = tuple(_table(list(rows)) for _, rows in groupby(tables, key=lambda row: row.name))
        return DatabaseFacts(
            database.version, database.revision, database.bytes, found, tuple(_holder(row) for row in holders)
        )


def _table(rows: list[Row[Any]]) -> TableFacts:
    first = rows[0]
    indexes = tuple(IndexFacts(row.index_name, row.index_bytes) for row in rows if row.index_name is not None)
    return TableFacts(
        first.name,
        first.live_rows,
        first.dead_rows,
        first.bytes,
        indexes,
        maybe_utc(first.vacuumed_at),
        maybe_utc(first.analyzed_at),
    )


def _holder(row: Row[Any]) -> VacuumHolder:
    return VacuumHolder(HolderKind(row.kind), row.name, row.transactions, row.age)
