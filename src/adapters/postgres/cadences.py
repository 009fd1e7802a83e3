"""Who does the next maintenance pass, by rows that all processes see."""
# ruff: noqa: S608 - what is put into the text are the words of the domain, never what anybody sent

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from ...application.ports.cadences import BULK, FIRE, FOLD, FOLD_STATISTICS, Tick
from .claiming import lanes
from .engine import Lane
from .errors import translated
from .schedule_models import DUE
from .statements import QUEUED, RUNNING
from .steering_models import OPENED

# Which passes are this process's now, when the next lease ends, when the next job falls due and whether one is due,
# in one round trip. A cadence that another process is taking is passed over. ix_jobs_running; two probes of
# ix_jobs_claim for each lane, of which the second stops at the first lane with work. Which passes have anything to do
# is asked here too, so that they cost an idle installation nothing: ix_bulk_operations_due_at,
# ix_schedules_next_at, and a look into tables that are empty then.
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
  ),
  not exists (
    select
    from unnest(%(queues)b::text[], %(priorities)b::smallint[]) as lane (queue, priority)
    cross join lateral (
      select
      from equeue.jobs as q
      where q.queue = lane.queue
        and q.priority = lane.priority
        and (q.status = '{QUEUED}') is true
        and q.run_at <= now()
      order by q.run_at
      limit 1
    ) as work
  ),
  array_remove(
    array[
      case when exists (
        select from equeue.bulk_operations as b where (b.status in ({OPENED})) is true and b.due_at <= now()
      ) then '{BULK}' end,
      case when exists (select from equeue.dead_letter_changes) then '{FOLD}' end,
      case when exists (select from equeue.stats_changes) then '{FOLD_STATISTICS}' end,
      case when exists (select from equeue.schedules as s where s.next_at <= now() and {DUE}) then '{FIRE}' end
    ],
    null
  ),
  (select min(s.next_at) - now() from equeue.schedules as s where {DUE})
"""


@attrs.frozen
class PostgresCadences:
    """A `Cadences` on a lane: one statement, one round trip."""

    _lane: Lane

    async def tick(self, periods: Mapping[str, timedelta], queues: Sequence[str]) -> Tick:
        """Take those passes whose period has gone by since anybody took them."""
        probed = lanes(queues)
        facts = {
            "names": list(periods),
            "periods": list(periods.values()),
            "queues": [queue for queue, _ in probed],
            "priorities": [priority for _, priority in probed],
        }
        with translated():
            async with self._lane.connection() as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(TICK, facts)
                ((due, lapse_in, job_in, idle, waiting, fire_in),) = await cursor.fetchall()
        return Tick(frozenset(due), lapse_in, job_in, idle, frozenset(waiting), fire_in)
