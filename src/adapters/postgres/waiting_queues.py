"""The queues in which jobs wait, found without looking at the jobs."""

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
