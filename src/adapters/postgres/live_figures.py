"""What is the matter now, in PostgreSQL: counts along partial indexes that end at a cap, and no look at history."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import attrs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.dead_letters import GroupFilter
from ...application.ports.statistics import Count, Depth, Stuck
from ...domain.status import JobStatus
from .dead_letters import narrowed
from .errors import translated
from .globs import like
from .planning import ALONG_INDEXES
from .rows import maybe_utc
from .waiting_queues import WAITING_QUEUES, lanes

Rows: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[Sequence[Any]]]

QUEUES = 1_000
"""Of so many queues at most the jobs are counted."""

_QUEUED, _RUNNING = JobStatus.QUEUED, JobStatus.RUNNING
_BUDGET = 2
"""So many times a queue's cap is counted over all queues; where there are more queues, each has its share."""
_LEAST = 100

# The queues in which jobs wait, or those asked for, along ix_jobs_claim; what runs, by ix_jobs_running.
# Each count is one probe of an index for a queue and priority, no longer than the cap, which queues share: `cap + 1`
# says that there are more.
_SOME_WAITING = "select unnest(cast(:queues as text[]))::equeue.name"
DEPTHS = f"""
with recursive waiting (queue) as ({{waiting}}),
asked as materialized (
  select queue from waiting where queue is not null and {{within}} limit {QUEUES}
),
share as materialized (
  select least(cast(:cap as bigint), greatest({_LEAST}, cast(:cap as bigint) * {_BUDGET} / greatest(count(*), 1)))
    as cap
  from asked
),
seen as materialized (
  select q.queue from equeue.jobs as q where (q.status = '{_RUNNING}') is true limit cast(:cap as bigint) + 1
),
working as materialized (
  select queue, count(*) as jobs from seen where {{within}} group by queue
)
select coalesce(waiting.queue, working.queue)::text,
  (select count(*) from (select {lanes("waiting.queue", "share.cap + 1")} limit share.cap + 1) as ready),
  (select count(*) from (select {lanes("waiting.queue", "share.cap + 1", ">")} limit share.cap + 1) as later),
  (
    select count(*)
    from (
      select
      from equeue.jobs as q
      where q.queue = waiting.queue and (q.status = '{_QUEUED}') is true and q.retry_count > 0
      limit share.cap + 1
    ) as again
  ),
  (select now() - min(due.run_at) {lanes("waiting.queue", "1")}),
  coalesce(working.jobs, 0),
  (select count(*) from seen) > :cap,
  share.cap
from asked as waiting
full join working on working.queue = waiting.queue
cross join share
"""

# One person's jobs, the newest only, by ix_jobs_user_id_created_at.
OWN = f"""
with own as materialized (
  select queue::text as queue, status, run_at, retry_count
  from equeue.jobs
  where user_id = :owner
  order by created_at desc
  limit :cap + 1
)
select queue,
  count(*) filter (where status = '{_QUEUED}' and run_at <= now()),
  count(*) filter (where status = '{_QUEUED}' and run_at > now()),
  count(*) filter (where status = '{_QUEUED}' and retry_count > 0),
  now() - min(run_at) filter (where status = '{_QUEUED}' and run_at <= now()),
  count(*) filter (where status = '{_RUNNING}'),
  (select count(*) from own) > :cap,
  :cap
from own
where {{within}}
group by queue
having count(*) filter (where status in ('{_QUEUED}', '{_RUNNING}')) > 0
"""

DEAD = """
select queue::text as queue, sum(jobs)::bigint as jobs
from (
  select queue, jobs from equeue.dead_letter_groups where {where}
  union all
  select queue, change from equeue.dead_letter_changes where {where}
) as told
group by queue
having sum(jobs) > 0
"""

# Which of those that run are stuck is read from the rows, as far as the window reaches; ix_jobs_running.
STUCK = f"""
select id, task::text as task, queue::text as queue, worker_id, started_at, overdue
from (
  select q.id, q.task, q.queue, q.user_id, q.worker_id, q.started_at,
    greatest(
      now() - q.lease_expires_at,
      now() - q.started_at - q.timeout_s * interval '1 s' - interval '10 s'
    ) as overdue
  from equeue.jobs as q
  where (q.status = '{_RUNNING}') is true
  limit 10000
) as running
where overdue > interval '0' and {{where}}
order by overdue desc, id
limit :limit
"""


@attrs.frozen
class PostgresLiveFigures:
    """`LiveFigures` over what is committed."""

    _engine: AsyncEngine

    async def depths(self, where: GroupFilter, cap: int) -> Sequence[Depth]:
        """Return what the queues hold, by name."""
        within, facts = _within(where)
        asked = OWN if where.owner is not None else DEPTHS
        waiting = _SOME_WAITING if where.queues else WAITING_QUEUES
        condition, named = narrowed(attrs.evolve(where, tasks=()))
        async with self._planned() as rows:
            counted = await rows(asked.format(within=within, waiting=waiting), facts | {"cap": cap})
            dead = {row.queue: row.jobs for row in await rows(DEAD.format(where=condition), named)}
        depths = {row[0]: _depth(*row, dead=dead.pop(row[0], 0)) for row in counted}
        depths |= {queue: Depth(queue, dead=jobs) for queue, jobs in dead.items()}
        return [depths[queue] for queue in sorted(depths) if depths[queue] != Depth(queue)]

    async def stuck(self, where: GroupFilter, limit: int) -> Sequence[Stuck]:
        """Return at most `limit` stuck jobs, the most overdue first."""
        condition, facts = narrowed(attrs.evolve(where, tasks=()))
        async with self._planned() as rows:
            found = await rows(STUCK.format(where=condition), facts | {"limit": limit})
        return [
            Stuck(row.id, row.task, row.queue, row.worker_id, maybe_utc(row.started_at), row.overdue) for row in found
        ]

    @asynccontextmanager
    async def _planned(self) -> AsyncIterator[Rows]:
        """Give what reads the rows of a statement, in a transaction of its own."""
        with translated():
            async with self._engine.connect() as connection:
                await connection.execute(ALONG_INDEXES)

                async def rows(statement: str, facts: dict[str, Any]) -> Sequence[Any]:
                    return (await connection.execute(text(statement), facts)).all()

                yield rows


def _within(where: GroupFilter) -> tuple[str, dict[str, Any]]:
    """Return what narrows queues, and its values."""
    said, facts = ["true"], dict[str, Any]()
    if where.owner is not None:
        facts["owner"] = where.owner
    if where.queues:
        said.append("queue = any(cast(:queues as text[]))")
        facts["queues"] = list(where.queues)
    if where.queue_globs:
        said.append("queue like any(cast(:globs as text[]))")
        facts["globs"] = [like(glob) for glob in where.queue_globs]
    return " and ".join(said), facts


def _depth(
    queue: str,
    ready: int,
    scheduled: int,
    retrying: int,
    oldest: timedelta | None,
    running: int,
    more: bool,  # noqa: FBT001 - a column
    cap: int,
    *,
    dead: int,
) -> Depth:
    return Depth(
        queue,
        _count(ready, cap),
        _count(scheduled, cap),
        Count(running, more),
        _count(retrying, cap),
        dead,
        oldest,
    )


def _count(found: int, cap: int) -> Count:
    return Count(min(found, cap), found > cap)
