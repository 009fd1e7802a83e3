"""Dead jobs by what killed them, in PostgreSQL: counted by a trigger, put together by a pass, summed at each look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ...application.ports.dead_letters import DeadLetterGroup, GroupFilter, GroupPosition
from ...domain.ids import UUID
from .errors import translated
from .globs import like
from .rows import utc

NAMES = 100

# Groups, and the changes that are not folded in yet, of one snapshot: exact however far the pass has come. What is
# the same but for its owner is summed up first, so that a queue or task whose jobs are all gone is not named.
GROUPS = """
with told as (
  select fingerprint, queue, task, jobs, first_seen, last_seen, job_id, error_type, message
  from equeue.dead_letter_groups
  where {where}
  union all
  select fingerprint, queue, task, change, at, at, job_id, error_type, message
  from equeue.dead_letter_changes
  where {where}
),
placed as (
  select fingerprint, queue, task, sum(jobs) as jobs, min(first_seen) filter (where jobs > 0) as first_seen,
    max(last_seen) filter (where jobs > 0) as last_seen,
    (array_agg(array[job_id::text, error_type, message] order by jobs > 0 desc, last_seen desc, job_id desc))[1:1]
      as last
  from told
  group by fingerprint, queue, task
  having sum(jobs) > 0
),
groups as (
  select fingerprint, sum(jobs)::bigint as jobs, array_agg(distinct queue::text) as queues,
    array_agg(distinct task::text) as tasks, min(first_seen) as first_seen, max(last_seen) as last_seen,
    (array_agg(last order by last_seen desc, last[1][1] desc))[1:1] as last
  from placed
  group by fingerprint
)
select fingerprint, jobs, queues[1:{names}], tasks[1:{names}], first_seen, last_seen, last[1][1][1], last[1][1][2],
  last[1][1][3]
from groups
where {behind}
order by last_seen {turn}, md5(fingerprint)::uuid {turn}
limit :limit
"""

# The oldest changes by the primary key; another process's are passed over. Who is to be grouped is sorted, so that
# two passes never wait for one another in a ring.
FOLD = text("""
with taken as materialized (
  delete from equeue.dead_letter_changes as c
  where c.id = any(array(
    select q.id from equeue.dead_letter_changes as q order by q.id limit :limit for update skip locked
  ))
  returning c.fingerprint, c.queue, c.task, c.user_id, c.change, c.at, c.job_id, c.error_type, c.message
),
summed as (
  select fingerprint, queue, task, user_id, sum(change) as jobs, count(*) as changes,
    coalesce(min(at) filter (where change > 0), min(at)) as first_seen,
    coalesce(max(at) filter (where change > 0), min(at)) as last_seen,
    (array_agg(array[job_id::text, error_type, message] order by change > 0 desc, at desc, job_id desc))[1:1] as last
  from taken
  group by fingerprint, queue, task, user_id
),
folded as (
  insert into equeue.dead_letter_groups as g
    (fingerprint, queue, task, user_id, jobs, first_seen, last_seen, job_id, error_type, message)
  select fingerprint, queue, task, user_id, jobs, first_seen, last_seen, last[1][1]::uuid, last[1][2], last[1][3]
  from summed
  order by fingerprint, queue, task, user_id
  on conflict (fingerprint, queue, task, user_id) do update
  set jobs = g.jobs + excluded.jobs,
      first_seen = least(g.first_seen, excluded.first_seen),
      last_seen = greatest(g.last_seen, excluded.last_seen),
      job_id = case when excluded.last_seen >= g.last_seen then excluded.job_id else g.job_id end,
      error_type = case when excluded.last_seen >= g.last_seen then excluded.error_type else g.error_type end,
      message = case when excluded.last_seen >= g.last_seen then excluded.message else g.message end
)
select coalesce(sum(changes), 0)::integer from summed
""")

EMPTY = text("delete from equeue.dead_letter_groups where jobs = 0")


@attrs.frozen
class PostgresDeadLetters:
    """`DeadLetters` over what is committed."""

    _engine: AsyncEngine

    async def groups(
        self, where: GroupFilter, *, limit: int, after: GroupPosition | None = None, oldest_first: bool = False
    ) -> Sequence[DeadLetterGroup]:
        """Return at most `limit` groups behind `after`."""
        conditions, facts = narrowed(where)
        sign, turn = (">", "asc") if oldest_first else ("<", "desc")
        behind = "true"
        if after is not None:
            behind = f"(last_seen, md5(fingerprint)::uuid) {sign} (:last_seen, :hashed)"
            facts |= {"last_seen": after.last_seen, "hashed": after.hashed}
        asked = text(GROUPS.format(where=conditions, behind=behind, turn=turn, names=NAMES))
        with translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(asked, facts | {"limit": limit})).all()
        return [_group(*row) for row in rows]

    async def fold(self, limit: int) -> int:
        """Put at most `limit` changes into their groups."""
        with translated():
            async with self._engine.begin() as connection:
                return await _fold(connection, limit)


async def _fold(connection: AsyncConnection, limit: int) -> int:
    folded = int((await connection.execute(FOLD, {"limit": limit})).scalar_one())
    if folded:
        await connection.execute(EMPTY)
    return folded


def narrowed(where: GroupFilter) -> tuple[str, dict[str, Any]]:
    """Return what narrows a table that has an owner, queue and task in each row, and its values."""
    facts: dict[str, Any] = {}
    said: list[str] = []
    if where.owner is not None:
        said.append("user_id = :owner")
        facts["owner"] = where.owner
    for name, column, values in (("queues", "queue", where.queues), ("tasks", "task", where.tasks)):
        if values:
            said.append(f"{column} = any(:{name})")
            facts[name] = list(values)
    if where.queue_globs:
        said.append("queue like any(:globs)")
        facts["globs"] = [like(glob) for glob in where.queue_globs]
    return " and ".join(said) or "true", facts


def _group(
    fingerprint: str,
    jobs: int,
    queues: list[str],
    tasks: list[str],
    first_seen: datetime,
    last_seen: datetime,
    job_id: str,
    kind: str,
    message: str,
) -> DeadLetterGroup:
    return DeadLetterGroup(
        fingerprint, kind, message, jobs, tuple(queues), tuple(tasks), utc(first_seen), utc(last_seen), UUID(job_id)
    )
