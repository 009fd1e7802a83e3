"""What explanations look at: one statement for a job, one for a queue, each bounded however much waits, runs or ended.

Nothing is counted further than it matters: what runs as far as a limit, what waits as far as anybody counts. They are
statements of the cold path, so their placeholders are the driver's plain ones.
"""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from ...application.ports.queues import OWN_LOOKED_AT
from ...domain.explanation import MOST_AHEAD, MOST_COUNTED, MOST_HOLDERS, WHY_CHARS, WINDOW
from ...domain.spec import LOWEST_PRIORITY
from ...domain.status import JobStatus
from .statements import QUEUED, RUNNING

LOOKED_AT = 1_000
"""So many running jobs are looked at to find some that the asker may see, or one that shows a live worker."""

PLANNING = "select set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)"
"""Said before each, in its transaction: where a queue has a good part of all jobs and little of it is wanted, the
planner would read the table from its beginning until it has found as many."""

LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

_SETTINGS = """s.name is not null as known, s.max_running, s.max_running_per_key, s.max_depth, s.rate_limit,
  s.rate_period_s, s.rate_burst, s.rate_tokens, s.rate_at, s.oldest_share, s.paused_at, s.paused_until,
  s.paused_by_user, s.paused_by_key, s.pause_reason"""

_HOLDER = "jsonb_build_array(r.id, r.worker_id, r.started_at)"


def _holders(running: str) -> str:
    """Return the query for some of the jobs that hold places, those that the asker may see. ix_jobs_running."""
    return f"""(
    select coalesce(jsonb_agg({_HOLDER}), '[]'::jsonb)
    from (
      select seen.id, seen.worker_id, seen.started_at
      from (
        select j.id, j.worker_id, j.started_at, j.user_id
        from equeue.jobs as j
        where {running}
          and (j.status = '{RUNNING}') is true
        order by j.concurrency_key, j.id
        limit {LOOKED_AT}
      ) as seen
      where %(owner)s::uuid is null or seen.user_id = %(owner)s::uuid
      limit {MOST_HOLDERS}
    ) as r
  )"""


def _counted(running: str, most: str) -> str:
    """Return the query for how many jobs run, counted no further than `most`. ix_jobs_running."""
    return f"""(
    select count(*)
    from (
      select
      from equeue.jobs as j
      where {running}
        and (j.status = '{RUNNING}') is true
      limit {most}
    ) as counted
  )"""


def _seen(queue: str) -> str:
    """Return the query for when a worker that serves a queue was last heard of.

    Its tasks tell, of which there are few, or a job that runs there under a lease that holds. ix_jobs_running.
    """
    return f"""greatest(
    (select max(t.declared_at) from equeue.tasks as t where t.queue = {queue}),
    (
      select now()
      from (
        select j.lease_expires_at
        from equeue.jobs as j
        where j.queue = {queue}
          and (j.status = '{RUNNING}') is true
        limit {LOOKED_AT}
      ) as held
      where held.lease_expires_at > now()
      limit 1
    )
  )"""


_BOUNDED = f"job.status = '{QUEUED}' and s.max_running is not null and j.queue = job.queue"
_KEYED = (
    f"job.status = '{QUEUED}' and s.max_running_per_key is not null and j.queue = job.queue"
    " and j.concurrency_key = job.concurrency_key"
)

# How many come before it: for each lane up to its own a range of ix_jobs_claim, the last of which ends at the job. The
# bound is one row, so that it is part of the range and not a filter on it.
_AHEAD = f"""(
    select count(*)
    from (
      select
      from generate_series(0, job.priority) as lane (priority)
      cross join lateral (
        select
        from equeue.jobs as q
        where job.status = '{QUEUED}'
          and job.run_at <= now()
          and q.queue = job.queue
          and q.priority = lane.priority
          and (q.status = '{QUEUED}') is true
          and (q.run_at, q.id) < (
            case when lane.priority < job.priority then now() else job.run_at end,
            case when lane.priority < job.priority then '{LAST_ID}'::uuid else job.id end
          )
        limit {MOST_AHEAD}
      ) as before
      limit {MOST_AHEAD}
    ) as counted
  )"""

# Primary keys, and the ranges above. The owner is compared so that no index but the primary key serves.
JOB = f"""
with job as materialized (
  select j.id, j.task, j.queue, j.status, j.priority, j.run_at, j.attempt, j.retry_count, j.expires_at,
    j.concurrency_key, j.user_id, j.worker_id, j.started_at, j.lease_expires_at, j.finished_at,
    j.cancel_requested_at is not null as cancel_requested,
    case
      when j.status = '{JobStatus.DEAD}'
        then (j.error ->> 'type') || ': ' || left(coalesce(j.error ->> 'message', ''), {WHY_CHARS})
      when j.status = '{JobStatus.CANCELLED}' then j.cancel_reason
    end as why
  from equeue.jobs as j
  where j.id = %(job_id)s::uuid
    and (%(owner)s::uuid is null or (j.user_id = %(owner)s::uuid) is true)
)
select now() as now, job.id, job.task::text, job.queue::text, job.status::text, job.run_at, job.attempt,
  job.retry_count, job.expires_at, job.concurrency_key::text, job.user_id, job.worker_id, job.started_at,
  job.lease_expires_at, job.finished_at, job.cancel_requested, job.why,
  {_SETTINGS},
  {_counted(_BOUNDED, "s.max_running")} as running,
  {_holders(_BOUNDED)} as holders,
  {_counted(_KEYED, "s.max_running_per_key")} as running_of_key,
  {_holders(_KEYED)} as key_holders,
  {_AHEAD} as ahead,
  (select t.declared_at from equeue.tasks as t where t.id = job.task) as task_seen_at,
  {_seen("job.queue")} as seen_at
from job
left join equeue.queues as s on s.name = job.queue
"""

_NAMED = "j.queue = asked.name"

_SHARED = f"s.max_running_per_key is not null and {_NAMED} and j.concurrency_key = by_key.key"

_WAITING = f"q.queue = asked.name and (q.status = '{QUEUED}') is true"

# The heads of its lanes, by key; of each key that was seen one range of ix_jobs_running, no longer than its limit.
# ix_jobs_claim for what waits; what runs as above. Whether jobs of an owner speak of it: ix_jobs_user_id_created_at.
QUEUE = f"""
with asked (name) as materialized (
  select %(name)s::text
),
due as materialized (
  select due.key, row_number() over (partition by lane.priority) as place
  from asked
  cross join generate_series(0, {LOWEST_PRIORITY}) as lane (priority)
  cross join lateral (
    select q.concurrency_key::text as key
    from equeue.jobs as q
    where {_WAITING}
      and q.priority = lane.priority
      and q.run_at <= now()
      and (q.expires_at is null or q.expires_at > now())
    order by q.run_at, q.id
    limit {WINDOW} + 1
  ) as due
)
select now() as now, asked.name,
  {_SETTINGS},
  {_counted(_NAMED, f"coalesce(s.max_running, {MOST_COUNTED})")} as running,
  {_holders(_NAMED)} as holders,
  {_seen("asked.name")} as seen_at,
  (
    select count(*) from (select from equeue.jobs as q where {_WAITING} limit {MOST_COUNTED}) as counted
  ) as waiting,
  (
    select count(*)
    from (
      select
      from generate_series(0, {LOWEST_PRIORITY}) as lane (priority)
      cross join lateral (
        select
        from equeue.jobs as q
        where {_WAITING} and q.priority = lane.priority and q.run_at <= now()
        limit {MOST_COUNTED}
      ) as found
      limit {MOST_COUNTED}
    ) as counted
  ) as due,
  (
    select min(found.run_at)
    from generate_series(0, {LOWEST_PRIORITY}) as lane (priority)
    cross join lateral (
      select q.run_at
      from equeue.jobs as q
      where {_WAITING} and q.priority = lane.priority and q.run_at > now()
      order by q.run_at, q.id
      limit 1
    ) as found
  ) as next_run_at,
  (select coalesce(bool_or(due.place > {WINDOW}), false) from due) as deep,
  (
    select coalesce(jsonb_agg(jsonb_build_array(head.key, head.jobs, head.running)), '[]'::jsonb)
    from (
      select by_key.key, by_key.jobs,
        {_counted(_SHARED, "s.max_running_per_key")} as running
      from (
        select due.key, count(*) as jobs from due where due.place <= {WINDOW} group by due.key
      ) as by_key
      order by by_key.jobs desc, by_key.key collate "C"
    ) as head
  ) as heads,
  exists (select from equeue.tasks as t where t.queue = asked.name) as has_tasks,
  %(owner)s::uuid is null or exists (
    select
    from (
      select j.queue, j.status
      from equeue.jobs as j
      where j.user_id = %(owner)s::uuid
      order by j.created_at desc
      limit {OWN_LOOKED_AT}
    ) as own
    where own.queue = asked.name and own.status in ('{QUEUED}', '{RUNNING}')
  ) as speaks
from asked
left join equeue.queues as s on s.name = asked.name
"""
