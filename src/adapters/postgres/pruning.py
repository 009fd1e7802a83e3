"""Forgetting what has ended long ago, in PostgreSQL."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.pruning import Keep, Pruned
from ...application.ports.reads import Position
from ...domain.bulk import OPEN, BulkStatus
from ...domain.ids import UUID
from ...domain.status import JobStatus
from .errors import translated
from .planning import walk_along_indexes
from .rows import utc

BEGINNING = Position(datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
FOR_EVER = timedelta(days=1_000_000)

# A walk along ix_jobs_status_created_at_id: what a set looks at is bounded, whatever of it is kept. What was looked at
# is then locked by its primary key and looked at again with the row's newest version: a job that was queued again, or
# that somebody is changing, is left alone.
WALK = """
with kept as materialized (
  select *
  from unnest(cast(:queues as text[]), cast(:spans as interval[])) as kept (queue, span)
),
looked as materialized (
  select j.id, j.created_at, j.finished_at, j.queue
  from equeue.jobs as j
  where j.status = cast(:status as equeue.job_status)
    and j.created_at < now() - cast(:least as interval)
    and (j.created_at, j.id) > (:created_at, :id)
  order by j.created_at, j.id
  limit :limit
),
held as materialized (
  select j.id
  from equeue.jobs as j
  where j.id = any(array(
      select looked.id
      from looked
      left join kept on kept.queue = looked.queue
      where looked.finished_at < now() - coalesce(kept.span, cast(:usually as interval))
    ))
    and (j.status = cast(:status as equeue.job_status)) is true
    and j.finished_at < now() - cast(:least as interval)
    and {more}
  order by j.id
  for update skip locked
),
pruned as (
  {prune}
  where j.id = any(array(select held.id from held))
  returning j.id
)
select (select count(*) from pruned), (select count(*) from looked),
  (select max(looked.created_at) from looked),
  (select looked.id from looked order by looked.created_at desc, looked.id desc limit 1)
"""
JOBS = text(WALK.format(prune="delete from equeue.jobs as j", more="true"))
RESULTS = text(WALK.format(prune="update equeue.jobs as j\n  set result = null", more="j.result is not null"))

# Ids are of version 7, so the primary key is in order of time. The bound is the least id of that time.
AUDIT = text("""
delete from equeue.audit_log
where id = any(array(
  select a.id
  from equeue.audit_log as a
  where a.at < now() - cast(:kept as interval)
  order by a.id
  limit :limit
  for update skip locked
))
returning id
""")

OVER = ", ".join(f"'{status}'" for status in BulkStatus if status not in OPEN)

# There are as many as people asked for: a scan of the table.
OPERATIONS = text(f"""
delete from equeue.bulk_operations
where id = any(array(
  select b.id
  from equeue.bulk_operations as b
  where (b.status in ({OVER})) is true
    and coalesce(b.finished_at, b.due_at) < now() - cast(:kept as interval)
  order by b.id
  limit :limit
  for update skip locked
))
returning id
""")


@attrs.frozen
class PostgresPruning:
    """A `Pruning` over what is committed."""

    _engine: AsyncEngine

    async def jobs(self, status: JobStatus, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Forget jobs that were kept long enough."""
        return await self._walk(JOBS, status, keep, after, limit)

    async def results(self, keep: Keep, *, after: Position | None, limit: int) -> Pruned:
        """Forget results that were kept long enough."""
        return await self._walk(RESULTS, JobStatus.SUCCEEDED, keep, after, limit)

    async def audit(self, kept: timedelta, limit: int) -> int:
        """Forget old entries of the audit log."""
        return await self._forget(AUDIT, kept, limit)

    async def bulk_operations(self, kept: timedelta, limit: int) -> int:
        """Forget bulk operations that are long over."""
        return await self._forget(OPERATIONS, kept, limit)

    async def _walk(
        self, statement: TextClause, status: JobStatus, keep: Keep, after: Position | None, limit: int
    ) -> Pruned:
        least = keep.least
        if least is None:
            return Pruned(0, None)
        facts = walk_facts(status, keep, least, after or BEGINNING, limit)
        with translated():
            async with self._engine.begin() as connection:
                await walk_along_indexes(connection)
                pruned, looked, created_at, job_id = (await connection.execute(statement, facts)).one()
        return Pruned(pruned, Position(utc(created_at), job_id) if looked == limit else None)

    async def _forget(self, statement: TextClause, kept: timedelta, limit: int) -> int:
        with translated():
            async with self._engine.begin() as connection:
                return len((await connection.execute(statement, {"kept": kept, "limit": limit})).all())


def walk_facts(status: JobStatus, keep: Keep, least: timedelta, after: Position, limit: int) -> dict[str, Any]:
    """Return the facts of a walk's statement."""
    return {
        "status": status.value,
        "queues": list(keep.by_queue),
        "spans": list(keep.by_queue.values()),
        "usually": FOR_EVER if keep.usually is None else keep.usually,
        "least": least,
        "created_at": after.created_at,
        "id": after.job_id,
        "limit": limit,
    }
