"""A function that tells an autoscaler how many jobs wait and run, for a role that may do only that."""

from alembic import op

revision = "0013"
down_revision = "0012"

FUNCTION = """
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
          and (q.status = 'queued') is true
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
      where (r.status = 'running') is true and r.queue = any(queues)
      limit (select jobs from bound)
    )
  ) as found
$$
"""

NOBODY_YET = "revoke execute on function equeue.jobs_to_scale_for(text[], integer) from public"


def upgrade() -> None:
    """No row and no table changes."""
    op.execute(FUNCTION.strip())
    op.execute(NOBODY_YET)
