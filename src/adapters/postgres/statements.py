"""The hot statements: one named constant a verb.

They are prepared once and planned for any parameters, so they are written to leave the planner one good way, whatever
its statistics say (they may date from an hour when nothing was queued, or from when the table fitted on a page).

Statuses are rendered from `ARCS`, never typed. A guard on `status` is written `coalesce(status = …, false)`: no index
serves it, so the primary key does. While a snapshot is held open elsewhere, indexes on `status` keep every dead
entry, and a guarded write that walks them grows slower with each job that passes through. Where a partial index is
to be walked, its own predicate is written, `(status = …) is true`, which serves that index alone.

A set comes as arrays side by side. The series beside them numbers the rows, and makes the planner expect a thousand
where it would expect ten: it then joins by hash, for ten by ten it would compare each with each.
"""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from ...domain.job import EXPIRED
from ...domain.outcomes import AttemptOutcome
from ...domain.spec import UniqueWhile
from ...domain.transitions import Event, follow, source
from . import counting, steered

QUEUED = source(Event.CLAIM)
RUNNING = follow(QUEUED, Event.CLAIM)
SUCCEEDED = follow(RUNNING, Event.SUCCEED)
EXPIRING = follow(QUEUED, Event.EXPIRE)

CLAIM_COLUMNS = """j.id, j.lease_token, j.task::text, j.queue::text, j.payload::text, j.attempt, j.retry_count,
  j.max_retries, j.backoff::text, j.timeout_s, j.started_at is not null, j.lapse_count,
  j.cancel_requested_at is not null, j.priority, j.created_at, j.run_at, j.lease_expires_at, j.worker_id, j.tags,
  j.user_id, j.parent_id, j.traceparent"""
"""What `rows.claim_of` reads, in its order."""

CLAIMED = f"""
set status = '{RUNNING}',
    attempt = j.attempt + 1,
    lease_token = j.lease_token + 1,
    lease_expires_at = now() + %(lease)b,
    worker_id = %(worker)b,
    started_at = case when %(begun)b then now() end,
    progress = null,
    unique_slot = case when j.unique_while = '{UniqueWhile.QUEUED}' then null else j.unique_slot end
"""

CLAIMABLE = """
      q.run_at <= now()
      and (q.expires_at is null or q.expires_at > now())
      and (%(tasks)b::text[] is null or q.task = any(%(tasks)b::text[]))
      and (%(begun)b or q.lapse_count = 0)
"""

# One probe of ix_jobs_claim for each lane, a (queue, priority) pair, in the order of the lanes and only as far as
# jobs are still wanted: `queue = any(…) order by priority` would sort the whole backlog, and a top priority full of
# jobs of the future would be walked. A lane is entered after its mark, the last (run_at, id) claimed from it.
# The ids go through an array, so that the update takes the primary key whatever the planner thinks of their number;
# it is complete before the first row is updated, so that row's last column tells how long the look took.
_FREE = f"""
  where {steered.FREE}"""

CLAIM = f"""
update equeue.jobs as j
{CLAIMED}
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
      and {CLAIMABLE}
    order by q.run_at, q.id
    limit %(limit)b
    for update skip locked
  ) as due{_FREE}
  limit %(limit)b
))
  and coalesce(j.status = '{QUEUED}', false)
returning {CLAIM_COLUMNS}, clock_timestamp() - now()
"""

# The same for one who holds the turn of every queue with limits among these, and counted that any jobs may start.
CLAIM_IN_TURN = CLAIM.replace(_FREE, "")

# The same for jobs that a hint names: the primary key finds them, so only they are sorted.
CLAIM_ONLY = f"""
update equeue.jobs as j
{CLAIMED}
where j.id = any(array(
    select q.id
    from equeue.jobs as q
    where q.id = any(%(only)b::uuid[])
      and coalesce(q.status = '{QUEUED}', false)
      and q.queue = any(%(queues)b::text[])
      and {CLAIMABLE}
      and {steered.FREE}
    order by q.priority, array_position(%(queues)b::text[], q.queue::text), q.run_at, q.id
    limit %(limit)b
    for update skip locked
))
  and coalesce(j.status = '{QUEUED}', false)
returning {CLAIM_COLUMNS}
"""

# Touches no indexed column, so that it is a HOT update: no index learns of a heartbeat. What stays keeps its domain's
# type: cast anew, the rules on documents would be checked again at each heartbeat. Primary key.
HEARTBEAT = f"""
update equeue.jobs as j
set lease_expires_at = now() + %(lease)b,
    started_at = case when pulse.begun then coalesce(j.started_at, now()) else j.started_at end,
    progress = coalesce(pulse.progress::jsonb::equeue.job_progress, j.progress)
from rows from (
    unnest(%(ids)b::uuid[]),
    unnest(%(tokens)b::bigint[]),
    unnest(%(begun)b::boolean[]),
    unnest(%(progress)b::text[]),
    generate_series(1, %(count)b)
  ) as pulse (id, token, begun, progress, place)
where j.id = any(%(ids)b::uuid[])
  and j.id = pulse.id
  and j.lease_token = pulse.token
  and coalesce(j.status = '{RUNNING}', false)
returning j.id, j.lease_token, j.cancel_requested_at is not null
"""

# The whole set succeeded, which is the common case: no row but the jobs' is written, and one that counts them all.
# Primary key.
SUCCEED = f"""
with ended as (
  update equeue.jobs as j
  set status = '{SUCCEEDED}',
      finished_at = now(),
      lease_expires_at = null,
      started_at = coalesce(now() - told.ran, j.started_at),
      result = told.result::jsonb,
      error = null,
      unique_slot = null
  from rows from (
      unnest(%(ids)b::uuid[]),
      unnest(%(tokens)b::bigint[]),
      unnest(%(results)b::text[]),
      unnest(%(ran)b::interval[]),
      generate_series(1, %(count)b)
    ) as told (id, token, result, ran, place)
  where j.id = any(%(ids)b::uuid[])
    and j.id = told.id
    and j.lease_token = told.token
    and coalesce(j.status = '{RUNNING}', false)
  returning j.id, j.lease_token, j.queue, j.task, j.user_id, j.run_at, j.started_at
),
counted as ({counting.SUCCEEDED})
select ended.id, ended.lease_token from ended
"""

_TOLD = """rows from (
    unnest(%(ids)b::uuid[]),
    unnest(%(tokens)b::bigint[]),
    unnest(%(statuses)b::text[]),
    unnest(%(outcomes)b::text[]),
    unnest(%(delays)b::interval[]),
    unnest(%(retry_counts)b::integer[]),
    unnest(%(lapse_counts)b::integer[]),
    unnest(%(results)b::text[]),
    unnest(%(errors)b::text[]),
    unnest(%(ran)b::interval[]),
    unnest(%(unless_cancelled)b::boolean[]),
    generate_series(1, %(count)b)
  ) as told (id, token, status, outcome, delay, retry_count, lapse_count, result, error, ran, unless_cancelled,
    place)"""

# A set of mixed endings. The rows are locked first, in the order of their ids, because the attempt's record needs
# the job as it was. A delay is what puts a job back; without one the job has ended. Primary key.
SETTLE = f"""
with held as materialized (
  select j.id, j.lease_token, j.attempt, j.worker_id, coalesce(now() - told.ran, j.started_at) as started_at,
    told.outcome, told.error, told.status as became, j.queue, j.task, j.user_id, j.run_at
  from {_TOLD}
  join equeue.jobs as j on j.id = told.id
  where j.id = any(%(ids)b::uuid[])
    and j.lease_token = told.token
    and coalesce(j.status = '{RUNNING}', false)
    and not (told.unless_cancelled and j.cancel_requested_at is not null)
  order by j.id
  for no key update of j
),
counted as ({counting.SETTLED}),
recorded as (
  insert into equeue.attempts (job_id, lease_token, attempt, outcome, worker_id, started_at, finished_at, error)
  select held.id, held.lease_token, held.attempt, held.outcome::equeue.attempt_outcome, held.worker_id,
    held.started_at, now(), held.error::jsonb
  from held
  where held.outcome <> '{AttemptOutcome.SUCCEEDED}'
)
update equeue.jobs as j
set status = told.status::equeue.job_status,
    run_at = coalesce(now() + told.delay, j.run_at),
    finished_at = case when told.delay is null then now() end,
    started_at = case when told.delay is null then coalesce(now() - told.ran, j.started_at) end,
    unique_slot = case when told.delay is null then null else j.unique_slot end,
    lease_expires_at = null,
    retry_count = told.retry_count,
    lapse_count = told.lapse_count,
    result = told.result::jsonb,
    error = case when told.outcome <> '{AttemptOutcome.SUCCEEDED}'
      then coalesce(told.error::jsonb::equeue.job_error, j.error) end
from {_TOLD}
where j.id = any(array(select held.id from held))
  and j.id = told.id
  and j.lease_token = told.token
returning j.id, j.lease_token
"""

# What became of fences that a settlement found closed: a success is on the job itself, other endings are records.
LOOK_BACK = f"""
select j.status::text,
  j.lease_token = told.token and (j.status = '{RUNNING}') is true and j.cancel_requested_at is not null,
  coalesce(a.outcome::text, case when j.lease_token = told.token and (j.status = '{SUCCEEDED}') is true
    then '{AttemptOutcome.SUCCEEDED}' end)
from rows from (unnest(%(ids)b::uuid[]), unnest(%(tokens)b::bigint[]), generate_series(1, %(count)b))
  as told (id, token, place)
left join equeue.jobs as j on j.id = told.id and j.id = any(%(ids)b::uuid[])
left join equeue.attempts as a on a.job_id = told.id and a.lease_token = told.token and a.job_id = any(%(ids)b::uuid[])
order by told.place
"""

# ix_jobs_running holds what runs, by queue and key; which of these lapsed is read from the rows, for an index on the
# lease's end would cost every heartbeat its HOT update. The lease is renewed for a moment: what cannot be settled comes
# again later instead of standing at the head of every pass.
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
  and coalesce(j.status = '{RUNNING}', false)
returning {CLAIM_COLUMNS}
"""

# ix_jobs_expiry, in its order.
EXPIRE = f"""
with moved as (
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
    and coalesce(j.status = '{QUEUED}', false)
  returning j.id, j.status, '{QUEUED}' as was, j.queue, j.task, j.user_id
),
counted as ({counting.CANCELLED})
select moved.id from moved
"""
