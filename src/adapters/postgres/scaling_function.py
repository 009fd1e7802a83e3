"""What PostgreSQL tells an autoscaler that may ask nothing else."""

from ...domain.status import JobStatus

SCALING_FUNCTION = f"""
create function equeue.jobs_to_scale_for(queues text[], most integer default 500) returns bigint
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
  with bound as (
    select least(greatest(most, 1), 10000) as jobs
  )
  select count(*)
  from (
    (
      select 1
      from unnest(queues) as wanted (queue)
      cross join generate_series(0, 9) as lane (priority)
      cross join lateral (
        select 1
        from equeue.jobs as q
        where q.queue = wanted.queue
          and q.priority = lane.priority
          and (q.status = '{JobStatus.QUEUED}') is true
          and q.run_at <= now()
        order by q.run_at
        limit (select jobs from bound)
      ) as due
      limit (select jobs from bound)
    )
    union all
    (
      select 1
      from equeue.jobs as r
      where (r.status = '{JobStatus.RUNNING}') is true and r.queue = any(queues)
      limit (select jobs from bound)
    )
  ) as found
$$
"""  # noqa: S608 - words of the domain
"""How many jobs of these queues wait and run, `most` of each at most, so that it takes as long whatever waits.

It runs as its owner: who may call it needs no right to any table.
"""
