"""What queues ask for, in PostgreSQL, at a cost that does not grow with history."""
# ruff: noqa: S608 - what is put into the text are the words of the domain

from collections.abc import Collection, Sequence
from datetime import timedelta

import attrs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.demand import KEYS, LATELY, MOST, SAMPLE
from ...domain.scaling import Demand
from ...domain.status import JobStatus
from .errors import translated
from .planning import ALONG_INDEXES
from .waiting_queues import WAITING_QUEUES, lanes

# Waiting jobs along ix_jobs_claim, lane by lane, to the bound; running ones by ix_jobs_running. The youngest jobs are
# the last of the primary key, whose ids begin with the time: each lies there once, whatever became of it. How long
# jobs run is read off the youngest that succeeded, by ix_jobs_status_created_at_id. No snapshot that somebody holds
# matters to these two: what they read does not die while it is young.
DEMAND = text(f"""
with recursive waiting (queue) as ({WAITING_QUEUES}),
running as materialized (
  select r.queue::text as queue, r.started_at
  from equeue.jobs as r
  where (r.status = '{JobStatus.RUNNING}') is true
  limit :most
),
came as materialized (
  select young.queue::text as queue, young.created_at
  from (
    select j.queue, j.created_at from equeue.jobs as j
    where j.id >= (lpad(to_hex((extract(epoch from now() - :lately) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
    order by j.id desc
    limit :sample
  ) as young
  where young.created_at > now() - :lately
),
span as (
  select case when count(*) < :sample then extract(epoch from :lately)
    else greatest(extract(epoch from now() - min(created_at)), 0.001) end as seconds
  from came
),
ran as materialized (
  select ended.queue::text as queue, avg(ended.took) as took
  from (
    select j.queue, j.finished_at - j.started_at as took
    from equeue.jobs as j
    where j.status = '{JobStatus.SUCCEEDED}'
    order by j.created_at desc
    limit :sample
  ) as ended
  group by ended.queue
),
named as (
  select unnest(cast(:queues as text[])) as queue
  union
  select queue::text from waiting where queue is not null and cardinality(cast(:queues as text[])) = 0
  union
  select queue from running where cardinality(cast(:queues as text[])) = 0
  union
  select queue from came where cardinality(cast(:queues as text[])) = 0
)
select named.queue, due.jobs, coalesce(held.jobs, 0), now() - oldest.run_at, coalesce(fresh.jobs, 0) / span.seconds,
  ran.took
from named
cross join span
cross join lateral (
  select count(*) as jobs from (select {lanes("named.queue", ":most")} limit :most) as counted
) as due
cross join lateral (
  select min(due.run_at) as run_at {lanes("named.queue", "1")}
) as oldest
left join (select queue, count(*) as jobs from running group by queue) as held on held.queue = named.queue
left join (select queue, count(*) as jobs from came group by queue) as fresh on fresh.queue = named.queue
left join ran on ran.queue = named.queue
order by named.queue
""")

# The keys by a loose scan of ix_jobs_keys, for each a look there and into ix_jobs_running, both to what a key may have.
STARTABLE = text(f"""
with recursive waiting (key, place) as (
  (
    select q.concurrency_key::text, 1
    from equeue.jobs as q
    where q.queue = :queue and (q.status = '{JobStatus.QUEUED}') is true and q.concurrency_key is not null
    order by q.concurrency_key
    limit 1
  )
  union all
  select (
    select q.concurrency_key::text
    from equeue.jobs as q
    where q.queue = :queue and (q.status = '{JobStatus.QUEUED}') is true and q.concurrency_key > waiting.key
    order by q.concurrency_key
    limit 1
  ), waiting.place + 1
  from waiting
  where waiting.key is not null and waiting.place < :keys
)
select
  coalesce((
    select sum(least(due.jobs, greatest(:per_key - held.jobs, 0)))
    from waiting
    cross join lateral (
      select count(*) as jobs
      from (
        select
        from equeue.jobs as q
        where q.queue = :queue
          and q.concurrency_key = waiting.key
          and (q.status = '{JobStatus.QUEUED}') is true
          and q.run_at <= now()
        limit :per_key
      ) as one
    ) as due
    cross join lateral (
      select count(*) as jobs
      from (
        select
        from equeue.jobs as r
        where r.queue = :queue and r.concurrency_key = waiting.key and (r.status = '{JobStatus.RUNNING}') is true
        limit :per_key
      ) as one
    ) as held
    where waiting.key is not null
  ), 0)::bigint,
  (
    select count(*)
    from (
      select
      from equeue.jobs as q
      where q.queue = :queue
        and q.concurrency_key is not null
        and (q.status = '{JobStatus.QUEUED}') is true
        and q.run_at <= now()
      limit :most
    ) as keyed
  )
""")

DEAD = text("""
select queue, sum(jobs)::bigint
from (
  select queue::text, jobs from equeue.dead_letter_groups
  union all
  select queue::text, change from equeue.dead_letter_changes
) as told
group by queue
having sum(jobs) > 0
order by queue
""")

SNAPSHOT = text("""
select max(now() - coalesce(xact_start, query_start))
from pg_stat_activity
where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
""")


@attrs.frozen
class PostgresDemands:
    """`Demands` by single statements."""

    _engine: AsyncEngine

    async def read(self, queues: Collection[str] = ()) -> Sequence[Demand]:
        """Return the demand of each queue."""
        facts = {"queues": sorted(queues), "most": MOST, "lately": LATELY, "sample": SAMPLE}
        with translated():
            async with self._engine.connect() as connection:
                await connection.execute(ALONG_INDEXES)
                rows = (await connection.execute(DEMAND, facts)).all()
        return [
            Demand(queue, ready, running, oldest, float(arrivals), ran)
            for queue, ready, running, oldest, arrivals, ran in rows
        ]

    async def startable(self, queue: str, per_key: int) -> int:
        """Return how many waiting jobs could start."""
        (demand,) = await self.read([queue])
        facts = {"queue": queue, "per_key": per_key, "keys": KEYS, "most": MOST}
        with translated():
            async with self._engine.connect() as connection:
                startable, keyed = (await connection.execute(STARTABLE, facts)).one()
        may_start: int = startable + max(demand.ready - keyed, 0)
        return may_start

    async def dead(self) -> Sequence[tuple[str, int]]:
        """Return how many jobs lie dead in each queue."""
        with translated():
            async with self._engine.connect() as connection:
                return [(queue, jobs) for queue, jobs in (await connection.execute(DEAD)).all()]

    async def oldest_snapshot(self) -> timedelta | None:
        """Return the age of the oldest transaction that is to be seen."""
        with translated():
            async with self._engine.connect() as connection:
                age: timedelta | None = (await connection.execute(SNAPSHOT)).scalar()
        return age
