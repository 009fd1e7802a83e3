"""What is due and soon will be, along the claim index."""
# ruff: noqa: S608 - what is put into the text are the words of the domain, never what anybody sent

from collections.abc import Sequence
from datetime import timedelta

import attrs

from ...domain.events import JobQueued
from .claiming import BEFORE_ALL, lanes
from .engine import Lane
from .errors import translated
from .statements import QUEUED
from .steered import COUNTED, PAUSED

# One probe of ix_jobs_claim for each lane, in the order of the lanes and only as far as jobs are still wanted. The
# lane in which the last set ended is entered behind its last job. Nothing is locked. Queues with limits are left out.
DUE = f"""
select due.id, due.queue, due.priority, due.run_at
from unnest(%(queues)b::text[], %(priorities)b::smallint[], %(after_run_at)b::timestamptz[], %(after_id)b::uuid[])
  as lane (queue, priority, after_run_at, after_id)
cross join lateral (
  select q.id, q.queue::text, q.priority, q.run_at
  from equeue.jobs as q
  where q.queue = lane.queue
    and q.priority = lane.priority
    and (q.status = '{QUEUED}') is true
    and (q.run_at, q.id) > (lane.after_run_at, lane.after_id)
    and q.run_at <= now() + %(within)b
    and (q.expires_at is null or q.expires_at > now())
  order by q.run_at, q.id
  limit %(limit)b
) as due
where lane.queue <> all(array(
  select s.name::text from equeue.queues as s where s.name = any(%(queues)b::text[]) and ({COUNTED} or {PAUSED})
))
limit %(limit)b
"""


@attrs.frozen
class PostgresDueJobs:
    """A `DueJobs` on a lane: one statement, one round trip."""

    _lane: Lane

    async def due(
        self, queues: Sequence[str], within: timedelta, limit: int, after: JobQueued | None = None
    ) -> Sequence[JobQueued]:
        """Return queued jobs that fall due soon, in the order of claims."""
        probed = lanes(queues)
        marks = [BEFORE_ALL] * len(probed)
        if after is not None:
            place = probed.index((after.queue, after.priority))
            probed = probed[place:]
            marks = [(after.run_at, after.job_id), *marks[place + 1 :]]
        facts = {
            "queues": [queue for queue, _ in probed],
            "priorities": [priority for _, priority in probed],
            "after_run_at": [run_at for run_at, _ in marks],
            "after_id": [job_id for _, job_id in marks],
            "within": within,
            "limit": limit,
        }
        with translated():
            async with self._lane.connection() as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(DUE, facts)
                return [JobQueued(*row) for row in await cursor.fetchall()]
