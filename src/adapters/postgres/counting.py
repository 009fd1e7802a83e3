"""What the statements that end attempts tell the statistics: a part of each, so that it is true or never was."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from ...domain.statistics import FAILURES
from ...domain.status import JobStatus
from .statistics_models import MINUTE, NOBODY

_FAILED = ", ".join(f"'{outcome}'" for outcome in FAILURES)
_BEGUN = "filter (where {0}.started_at is not null)"
_DURATIONS = f"""coalesce(array_agg(equeue.duration_bucket({{0}}.started_at - {{0}}.run_at)) {_BEGUN}, '{{{{}}}}'),
    coalesce(array_agg(equeue.duration_bucket(now() - {{0}}.started_at)) {_BEGUN}, '{{{{}}}}')"""

# One row for the set, not one a job, whatever it holds of one queue, task and owner.
SUCCEEDED = f"""
  insert into equeue.stats_changes (at, queue, task, user_id, succeeded, waits, runs)
  select {MINUTE}, ended.queue, ended.task, coalesce(ended.user_id, '{NOBODY}'), count(*),
    {_DURATIONS.format("ended")}
  from ended
  group by ended.queue, ended.task, ended.user_id
"""
"""Of `ended`: jobs that succeeded, with `queue`, `task`, `user_id`, `run_at` and `started_at`."""

SETTLED = f"""
  insert into equeue.stats_changes (at, queue, task, user_id, succeeded, dead, cancelled, failed, retried, waits, runs)
  select {MINUTE}, held.queue, held.task, coalesce(held.user_id, '{NOBODY}'),
    count(*) filter (where held.became = '{JobStatus.SUCCEEDED}'),
    count(*) filter (where held.became = '{JobStatus.DEAD}'),
    count(*) filter (where held.became = '{JobStatus.CANCELLED}'),
    count(*) filter (where held.outcome in ({_FAILED})),
    count(*) filter (where held.outcome in ({_FAILED}) and held.became = '{JobStatus.QUEUED}'),
    {_DURATIONS.format("held")}
  from held
  group by held.queue, held.task, held.user_id
"""
"""Of `held`: attempts by `outcome` of jobs that `became` something, with what `SUCCEEDED` reads."""

CANCELLED = f"""
  insert into equeue.stats_changes (at, queue, task, user_id, cancelled)
  select {MINUTE}, moved.queue, moved.task, coalesce(moved.user_id, '{NOBODY}'), count(*)
  from moved
  where coalesce(moved.status = '{JobStatus.CANCELLED}', false)
    and moved.was <> '{JobStatus.CANCELLED}'
  group by moved.queue, moved.task, moved.user_id
"""
"""Of `moved`: jobs of a `status` that before had another; nobody moves a job to another end than this."""
