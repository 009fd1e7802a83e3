"""The hot statements: one named constant a verb.

Statuses are rendered from `ARCS`, never typed. A guard on `status` is written `(status = …) is true`, which no index
on `status` can serve: while a snapshot is held open elsewhere those indexes keep every dead entry, and a guarded
write that walks them grows slower with each job that passes through. Partial indexes have the same predicate, so that
nothing else serves their statements; `is not false` means the same and keeps out of those indexes in turn, whatever
statistics from an idle hour make the planner believe of their size.
"""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from ...domain.job import EXPIRED
from ...domain.outcomes import AttemptOutcome
from ...domain.spec import UniqueWhile
from ...domain.transitions import Event, follow, source

QUEUED = source(Event.CLAIM)
RUNNING = follow(QUEUED, Event.CLAIM)
SUCCEEDED = follow(RUNNING, Event.SUCCEED)
EXPIRING = follow(QUEUED, Event.EXPIRE)

CLAIM_COLUMNS = """j.id, j.lease_token, j.task::text, j.queue::text, j.payload::text, j.attempt, j.retry_count,
  j.max_retries, j.backoff::text, j.timeout_s, j.started_at is not null, j.lapse_count,
  j.cancel_requested_at is not null, j.priority, j.created_at, j.run_at, j.lease_expires_at, j.worker_id, j.tags,
  j.user_id, j.parent_id, j.traceparent"""
"""What `rows.claim_of` reads, in its order."""

_CLAIMED = f"""
set status = '{RUNNING}',
    attempt = j.attempt + 1,
    lease_token = j.lease_token + 1,
    lease_expires_at = now() + %(lease)b,
    worker_id = %(worker)b,
    started_at = case when %(begun)b then now() end,
    progress = null,
    unique_slot = case when j.unique_while = '{UniqueWhile.QUEUED}' then null else j.unique_slot end
"""

_CLAIMABLE = """
      q.run_at <= now()
      and (q.expires_at is null or q.expires_at > now())
      and (%(tasks)s::text[] is null or q.task = any(%(tasks)s::text[]))
      and (%(begun)b or q.lapse_count = 0)
"""

# One probe of ix_jobs_claim for each lane, a (queue, priority) pair, in the order of the lanes and only as far as
# jobs are still wanted: `queue = any(…) order by priority` would sort the whole backlog, and a top priority full of
# jobs of the future would be walked. A lane is entered after its mark, the last (run_at, id) claimed from it.
# The ids go through an array, so that the update takes the primary key whatever the planner thinks of their number;
# it is complete before the first row is updated, so that row's last column tells how long the look took.
CLAIM = f"""
update equeue.jobs as j
{_CLAIMED}
where j.id = any(array(
  select due.id
  from unnest(%(queues)b::text[], %(priorities)b::smallint[], %(after_run_at)b::timestamptz[], %(after_id)b::uuid[])
    as lane (queue, priority, after_run_at, after_id)
  cross join lateral (
    select q.id
    from equeue.jobs as q
    where q.queue = lane.queue
      and q.priority = lane.priority
      and (q.status = '{QUEUED}') is true
      and (q.run_at, q.id) > (lane.after_run_at, lane.after_id)
      and {_CLAIMABLE}
    order by q.run_at, q.id
    limit %(limit)b
    for update skip locked
  ) as due
  limit %(limit)b
))
  and (j.status = '{QUEUED}') is not false
returning {CLAIM_COLUMNS}, clock_timestamp() - now()
"""

# The same for jobs that a hint names: the primary key finds them, so only they are sorted.
CLAIM_ONLY = f"""
update equeue.jobs as j
{_CLAIMED}
where j.id = any(array(
    select q.id
    from equeue.jobs as q
    where q.id = any(%(only)b::uuid[])
      and (q.status = '{QUEUED}') is not false
      and q.queue = any(%(queues)b::text[])
      and {_CLAIMABLE}
    order by q.priority, array_position(%(queues)b::text[], q.queue::text), q.run_at, q.id
    limit %(limit)b
    for update skip locked
))
  and (j.status = '{QUEUED}') is not false
returning {CLAIM_COLUMNS}
"""

# Touches no indexed column, so that it is a HOT update: no index learns of a heartbeat. What stays keeps its domain's
# type: cast anew, the rules on documents would be checked again at each heartbeat. Primary key.
HEARTBEAT = f"""
update equeue.jobs as j
set lease_expires_at = now() + %(lease)b,
    started_at = case when pulse.begun then coalesce(j.started_at, now()) else j.started_at end,
    progress = coalesce(pulse.progress::jsonb::equeue.job_progress, j.progress)
from unnest(%(ids)b::uuid[], %(tokens)b::bigint[], %(begun)b::boolean[], %(progress)s::text[])
  as pulse (id, token, begun, progress)
where j.id = any(%(ids)b::uuid[])
  and j.id = pulse.id
  and j.lease_token = pulse.token
  and (j.status = '{RUNNING}') is true
returning j.id, j.lease_token, j.cancel_requested_at is not null
"""

# The whole set succeeded, which is the common case: no row but the job's is written. Primary key.
SUCCEED = f"""
update equeue.jobs as j
set status = '{SUCCEEDED}',
    finished_at = now(),
    lease_expires_at = null,
    started_at = coalesce(now() - told.ran, j.started_at),
    result = told.result::jsonb,
    error = null,
    unique_slot = null
from unnest(%(ids)b::uuid[], %(tokens)b::bigint[], %(results)s::text[], %(ran)s::interval[])
  as told (id, token, result, ran)
where j.id = any(%(ids)b::uuid[])
  and j.id = told.id
  and j.lease_token = told.token
  and (j.status = '{RUNNING}') is true
returning j.id, j.lease_token
"""

# A set of mixed endings. The rows are locked first, in the order of their ids, because the attempt's record needs
# the job as it was. A delay is what puts a job back; without one the job has ended. Primary key.
SETTLE = f"""
with told as materialized (
  select *
  from unnest(%(ids)b::uuid[], %(tokens)b::bigint[], %(statuses)b::text[], %(outcomes)b::text[], %(delays)s::interval[],
    %(retry_counts)b::integer[], %(lapse_counts)b::integer[], %(results)s::text[], %(errors)s::text[],
    %(ran)s::interval[], %(unless_cancelled)b::boolean[])
    as told (id, token, status, outcome, delay, retry_count, lapse_count, result, error, ran, unless_cancelled)
),
held as materialized (
  select j.id, j.lease_token, j.attempt, j.worker_id, coalesce(now() - told.ran, j.started_at) as started_at
  from equeue.jobs as j
  join told on told.id = j.id
  where j.id = any(%(ids)b::uuid[])
    and j.lease_token = told.token
    and (j.status = '{RUNNING}') is true
    and not (told.unless_cancelled and j.cancel_requested_at is not null)
  order by j.id
  for no key update of j
),
recorded as (
  insert into equeue.attempts (job_id, lease_token, attempt, outcome, worker_id, started_at, finished_at, error)
  select held.id, held.lease_token, held.attempt, told.outcome::equeue.attempt_outcome, held.worker_id,
    held.started_at, now(), told.error::jsonb
  from held
  join told on told.id = held.id and told.token = held.lease_token
  where told.outcome <> '{AttemptOutcome.SUCCEEDED}'
)
update equeue.jobs as j
set status = told.status::equeue.job_status,
    run_at = coalesce(now() + told.delay, j.run_at),
    finished_at = case when told.delay is null then now() end,
    started_at = case when told.delay is null then held.started_at end,
    unique_slot = case when told.delay is null then null else j.unique_slot end,
    lease_expires_at = null,
    retry_count = told.retry_count,
    lapse_count = told.lapse_count,
    result = told.result::jsonb,
    error = case when told.outcome <> '{AttemptOutcome.SUCCEEDED}'
      then coalesce(told.error::jsonb::equeue.job_error, j.error) end
from held
join told on told.id = held.id and told.token = held.lease_token
where j.id = any(%(ids)b::uuid[])
  and j.id = held.id
returning j.id, j.lease_token
"""

# What became of fences that a settlement found closed: a success is on the job itself, other endings are records.
LOOK_BACK = f"""
select j.status::text,
  j.lease_token = told.token and (j.status = '{RUNNING}') is true and j.cancel_requested_at is not null,
  coalesce(a.outcome::text, case when j.lease_token = told.token and (j.status = '{SUCCEEDED}') is true
    then '{AttemptOutcome.SUCCEEDED}' end)
from unnest(%(ids)b::uuid[], %(tokens)b::bigint[]) with ordinality as told (id, token, place)
left join equeue.jobs as j on j.id = told.id
left join equeue.attempts as a on a.job_id = told.id and a.lease_token = told.token
order by told.place
"""

# ix_jobs_lapse holds the ids of what runs; which of these lapsed is read from the rows, for an index on the lease's
# end would cost every heartbeat its HOT update. The lease is renewed for a moment: what cannot be settled comes again
# later instead of standing at the head of every pass.
TAKE_OVER = f"""
update equeue.jobs as j
set lease_token = j.lease_token + 1,
    lease_expires_at = now() + interval '30 s'
where j.id = any(array(
    select q.id
    from equeue.jobs as q
    where (q.status = '{RUNNING}') is true
      and q.lease_expires_at <= now()
    order by q.lease_expires_at, q.id
    limit %(limit)b
    for update skip locked
))
  and (j.status = '{RUNNING}') is true
returning {CLAIM_COLUMNS}
"""

# ix_jobs_expiry, in its order.
EXPIRE = f"""
update equeue.jobs as j
set status = '{EXPIRING}',
    finished_at = now(),
    cancel_reason = '{EXPIRED}',
    unique_slot = null,
    revision = j.revision + 1
where j.id = any(array(
    select q.id
    from equeue.jobs as q
    where (q.status = '{QUEUED}') is not false
      and q.expires_at is not null
      and q.expires_at <= now()
    order by q.expires_at
    limit %(limit)b
    for update skip locked
))
  and (j.status = '{QUEUED}') is not false
returning j.id
"""

# Which passes are this process's now, when the next lease ends and when the next job falls due, in one round trip.
# A cadence that another process is taking is passed over. ix_jobs_lapse; one probe of ix_jobs_claim for each lane.
TICK = f"""
with asked as materialized (
  select *
  from unnest(%(names)b::text[], %(periods)b::interval[]) as asked (name, period)
),
free as materialized (
  select c.name
  from equeue.cadences as c
  join asked on asked.name = c.name
  where coalesce(c.last_ran_at + asked.period <= now(), true)
  order by c.name
  for update of c skip locked
),
taken as (
  update equeue.cadences as c
  set last_ran_at = now(),
      next_at = now() + asked.period
  from free
  join asked on asked.name = free.name
  where c.name = free.name
  returning c.name
),
begun as (
  insert into equeue.cadences (name, last_ran_at, next_at)
  select asked.name, now(), now() + asked.period
  from asked
  where not exists (select from equeue.cadences as c where c.name = asked.name)
  order by asked.name
  on conflict (name) do nothing
  returning name
)
select
  array(select taken.name::text from taken union all select begun.name::text from begun),
  (select min(j.lease_expires_at) - now() from equeue.jobs as j where (j.status = '{RUNNING}') is true),
  (
    select min(due.run_at) - now()
    from unnest(%(queues)b::text[], %(priorities)b::smallint[]) as lane (queue, priority)
    cross join lateral (
      select q.run_at
      from equeue.jobs as q
      where q.queue = lane.queue
        and q.priority = lane.priority
        and (q.status = '{QUEUED}') is true
        and q.run_at > now()
      order by q.run_at
      limit 1
    ) as due
  )
"""
