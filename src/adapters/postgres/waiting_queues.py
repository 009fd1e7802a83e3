"""The queues in which jobs wait, found without looking at the jobs, and their lanes, looked at as far as is wanted."""

from ...domain.spec import LOWEST_PRIORITY
from ...domain.status import JobStatus

# A loose scan of ix_jobs_claim: one probe for each queue, however many jobs wait. It is the body of a recursive
# `waiting (queue)`, whose last row is null.
WAITING_QUEUES = f"""
  (select q.queue from equeue.jobs as q where (q.status = '{JobStatus.QUEUED}') is true order by q.queue limit 1)
  union all
  select (
    select q.queue
    from equeue.jobs as q
    where (q.status = '{JobStatus.QUEUED}') is true and q.queue > waiting.queue
    order by q.queue
    limit 1
  )
  from waiting
  where waiting.queue is not null
"""  # noqa: S608 - a word of the domain


def lanes(queue: str, limit: str, due: str = "<=") -> str:
    """Return where a query finds `due.run_at` of jobs that wait in a queue, due or (`due` is `>`) due later.

    For each priority it is one range of ix_jobs_claim, the longest due first, no longer than `limit`.
    """
    return f"""
    from generate_series(0, {LOWEST_PRIORITY}) as lane (priority)
    cross join lateral (
      select q.run_at
      from equeue.jobs as q
      where q.queue = {queue}
        and q.priority = lane.priority
        and (q.status = '{JobStatus.QUEUED}') is true
        and q.run_at {due} now()
      order by q.run_at
      limit {limit}
    ) as due"""  # noqa: S608 - words of ours
