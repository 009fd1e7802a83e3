"""The statements of a claim under limits, in the order in which one transaction runs them.

READ COMMITTED gives each statement a snapshot of its own. So who waited for the lock sees in the next statement all
that its last holder has claimed; in one statement it would count what was there before it waited, and claim too much.
"""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from ...domain.spec import LOWEST_PRIORITY
from .statements import CLAIM_COLUMNS, CLAIMABLE, CLAIMED, QUEUED, RUNNING
from .steered import COUNTED, PAUSED, STEERED

IDLE = "5s"
"""So long a claimer that was frozen in the middle of its claim keeps others from the queue, and no longer."""

# Which of these queues are steered: asked only where a claim brought nothing. Primary key.
WHICH = f"select s.name::text from equeue.queues as s where s.name = any(%(queues)b::text[]) and {STEERED}"

# Those who claim from queues with counted limits take turns, in the order of names, so that none waits in a ring.
# Heartbeats, settlements and enqueues do not come by here. Primary key.
LOCK = f"""
select set_config('idle_in_transaction_session_timeout', '{IDLE}', true)
from equeue.queues as s
where s.name = any(%(queues)b::text[])
  and {COUNTED}
order by s.name
for no key update
"""

# What is set for the steered queues and what runs of each key there: a range of ix_jobs_running for each queue.
ROOM = f"""
select s.name::text, clock_timestamp(), {PAUSED}, s.paused_until, s.max_running, s.max_running_per_key, s.rate_limit,
  s.rate_period_s, s.rate_burst, s.rate_tokens, s.rate_at, s.oldest_share, running.concurrency_key::text, running.jobs
from equeue.queues as s
left join lateral (
  select j.concurrency_key, count(*) as jobs
  from equeue.jobs as j
  where (s.max_running is not null or s.max_running_per_key is not null)
    and j.queue = s.name
    and (j.status = '{RUNNING}') is true
  group by j.concurrency_key
) as running on true
where s.name = any(%(queues)b::text[])
  and {STEERED}
order by s.name
"""

_FOUND = "q.id, q.queue::text, q.priority, q.run_at, q.concurrency_key::text"

# As a claim looks, lane by lane, but each lane only as far as its queue has room. Nothing is locked, for not all that
# is found is taken.
PICK = f"""
select due.*
from unnest(
    %(queues)b::text[], %(priorities)b::smallint[], %(rooms)b::integer[], %(after_run_at)b::timestamptz[],
    %(after_id)b::uuid[]
  ) as lane (queue, priority, room, after_run_at, after_id)
cross join lateral (
  select {_FOUND}
  from equeue.jobs as q
  where q.queue = lane.queue
    and q.priority = lane.priority
    and (q.status = '{QUEUED}') is true
    and (q.run_at, q.id) > (lane.after_run_at, lane.after_id)
    and {CLAIMABLE}
  order by q.run_at, q.id
  limit lane.room
) as due
limit %(window)b
"""

# The same for the jobs that a hint names. Primary key.
PICK_ONLY = f"""
select {_FOUND}
from equeue.jobs as q
where q.id = any(%(only)b::uuid[])
  and coalesce(q.status = '{QUEUED}', false)
  and q.queue = any(%(queues)b::text[])
  and {CLAIMABLE}
order by q.priority, array_position(%(queues)b::text[], q.queue::text), q.run_at, q.id
"""


def _first_key(behind: str) -> str:
    return f"""left join lateral (
    select q.concurrency_key::text as key, q.priority
    from equeue.jobs as q
    where q.queue = {behind.partition(".")[0]}.queue
      and q.concurrency_key > {behind}
      and q.concurrency_key is not null
      and (q.status = '{QUEUED}') is true
    order by q.concurrency_key, q.priority
    limit 1
  ) as found on true"""


# Where saturated keys fill the head of a queue, its keys are walked instead of its jobs: one probe of ix_jobs_keys for
# each key, and for one that has room one for each priority from its first job's on, until there are enough. However
# many jobs a saturated key has, it costs one probe. A walk ends after so many keys; the next one goes on from there.
# The probe is written as a range: with equalities, statistics that know one key for nearly all jobs lead along all of
# these, by ix_jobs_claim.
PICK_BY_KEY = f"""
with recursive head (place, queue, most, key, priority) as (
  select 1, walk.queue, walk.most, found.key, found.priority
  from unnest(%(queues)b::text[], %(after_keys)b::text[], %(most)b::integer[]) as walk (queue, after_key, most)
  {_first_key("walk.after_key")}
  union all
  select head.place + 1, head.queue, head.most, found.key, found.priority
  from head
  {_first_key("head.key")}
  where head.key is not null and head.place < %(keys)b
)
select due.id, head.queue, due.priority, due.run_at, head.key
from head
left join lateral (
  select found.*
  from generate_series(head.priority, {LOWEST_PRIORITY}) as lane (priority)
  cross join lateral (
    select {_FOUND}
    from equeue.jobs as q
    where q.queue = head.queue
      and (q.concurrency_key, q.priority) >= (head.key, lane.priority)
      and (q.concurrency_key, q.priority, q.run_at) <= (head.key, lane.priority, now())
      and q.concurrency_key is not null
      and (q.status = '{QUEUED}') is true
      and {CLAIMABLE}
    order by q.concurrency_key, q.priority, q.run_at, q.id
    limit head.most
  ) as found
  where not exists (
    select
    from unnest(%(full_queues)b::text[], %(full_keys)b::text[]) as f (queue, key)
    where f.queue = head.queue and f.key = head.key
  )
  limit head.most
) as due on true
order by head.place
"""

# The oldest of one queue, whatever their priority: the heads of its lanes. ix_jobs_claim.
PICK_OLDEST = f"""
select due.*
from generate_series(0, {LOWEST_PRIORITY}) as lane (priority)
cross join lateral (
  select {_FOUND}
  from equeue.jobs as q
  where q.queue = %(queue)b
    and q.priority = lane.priority
    and (q.status = '{QUEUED}') is true
    and {CLAIMABLE}
  order by q.run_at, q.id
  limit %(window)b
) as due
order by due.run_at, due.id
limit %(window)b
"""

# What was picked, but for what somebody else took or is about to change: nothing was locked until here. Primary key.
TAKE = f"""
update equeue.jobs as j
{CLAIMED}
where j.id = any(array(
    select q.id
    from equeue.jobs as q
    where q.id = any(%(ids)b::uuid[])
      and coalesce(q.status = '{QUEUED}', false)
      and {CLAIMABLE}
    for update skip locked
))
  and coalesce(j.status = '{QUEUED}', false)
returning {CLAIM_COLUMNS}
"""

# What is left of the rates. Nothing that a person set, and no index, is touched. Primary key.
SPEND = """
update equeue.queues as s
set rate_tokens = told.tokens,
    rate_at = told.at
from unnest(%(queues)b::text[], %(tokens)b::double precision[], %(instants)b::timestamptz[]) as told (name, tokens, at)
where s.name = told.name
"""
