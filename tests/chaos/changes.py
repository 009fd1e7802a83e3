"""What the database itself saw: a test-only log of every change of a job's row, and of every write that changed none.

A write says by itself under which lease it was made: a result and a progress message carry the handler's fence, and
each worker connects under a name of its own, so that a heartbeat is known by its sender. A *stale write* is one that
was accepted although the row's lease was another's then.
"""

from typing import Any, LiteralString
from uuid import UUID

import attrs
import psycopg

LOG: LiteralString = """
create table changes (
    n bigserial primary key, txid xid8 default pg_current_xact_id(), writer text, job_id uuid, what text,
    was_token bigint, token bigint, was_worker uuid, worker uuid, said bigint, at timestamptz default clock_timestamp()
);
create index on changes (txid, job_id);
create table writes (n bigserial primary key, writer text, what text, changed bigint);
create table orphans (job_id uuid, parent_id uuid);

create function log_change() returns trigger language plpgsql as $$
declare
    what text := case
        when old.status <> new.status then case when new.status = 'running' then 'claim' else 'settle' end
        when old.lease_token <> new.lease_token then 'take over'
        when new.progress is distinct from old.progress then 'progress'
        when new.lease_expires_at is distinct from old.lease_expires_at then 'heartbeat'
        else 'other' end;
    fence text := case what when 'progress' then new.progress ->> 'text'
        when 'settle' then case when new.status = 'succeeded' then new.result #>> '{}' end end;
begin
    insert into public.changes (writer, job_id, what, was_token, token, was_worker, worker, said)
    values (current_setting('application_name'), new.id, what, old.lease_token, new.lease_token, old.worker_id,
        new.worker_id, substring(fence from '^[0-9a-f-]{36}:(\\d+)$')::bigint);
    return null;
end $$;
create trigger log_change after update on equeue.jobs for each row execute function log_change();

create function log_write() returns trigger language plpgsql as $$
begin
    insert into public.writes (writer, what, changed)
    select current_setting('application_name'), kind, (select count(*) from changed)
    from (select case when current_query() like '%as pulse (%' then 'heartbeat'
        when current_query() like '%as told (%' then 'settle' end) as written (kind)
    where kind is not null;
    return null;
end $$;
create trigger log_write after update on equeue.jobs referencing new table as changed
    for each statement execute function log_write();

create function log_orphan() returns trigger language plpgsql as $$
begin
    if (select status <> 'succeeded' from equeue.jobs where id = new.parent_id) then
        insert into public.orphans values (new.id, new.parent_id);
    end if;
    return null;
end $$;
create constraint trigger log_orphan after insert on equeue.jobs deferrable initially deferred
    for each row when (new.parent_id is not null) execute function log_orphan();
"""

# A lapse is taken over under a fresh token and settled in the same transaction by whoever noticed it: no stale write.
STALE: LiteralString = """
with who as (select distinct writer, worker from changes where what = 'claim')
select c.writer, c.job_id, c.what, c.was_token, c.said
from changes as c
where c.what in ('settle', 'heartbeat', 'progress')
  and c.was_token > 0
  and not exists (select from changes as t where t.txid = c.txid and t.job_id = c.job_id and t.what = 'take over')
  and (c.said <> c.was_token
    or not exists (select from who where who.writer = c.writer and who.worker = c.was_worker))
  and exists (select from who where who.writer = c.writer)
"""
REFUSED: LiteralString = "select count(*) as n from writes where what = %s and changed = 0 and n > %s"


@attrs.frozen
class Stale:
    """A write that was accepted from somebody whose lease it was not: under token `said`, if the write says it."""

    writer: str
    job_id: UUID
    what: str
    was_token: int
    said: int | None


@attrs.frozen
class Changes:
    """The log of one database."""

    database: psycopg.Connection[dict[str, Any]]

    @classmethod
    def of(cls, database: psycopg.Connection[dict[str, Any]]) -> "Changes":
        """Begin to log."""
        database.execute(LOG)
        return cls(database)

    def stale(self) -> list[Stale]:
        """Return the stale writes that were accepted."""
        return [Stale(**row) for row in self.database.execute(STALE)]

    def written(self) -> int:
        """Return how far the log of writes is."""
        return self._number("select coalesce(max(n), 0) as n from writes")

    def refused(self, what: str, since: int = 0) -> int:
        """Return how many writes of a kind changed nothing."""
        return self._number(REFUSED, what, since)

    def taken_over(self) -> int:
        """Return how many leases ran out."""
        return self._number("select count(*) as n from changes where what = 'take over'")

    def orphans(self) -> int:
        """Return how many children were committed while their parent had not succeeded."""
        return self._number("select count(*) as n from orphans")

    def _number(self, question: LiteralString, *facts: object) -> int:
        row = self.database.execute(question, facts).fetchone()
        assert row is not None
        return int(row["n"])
