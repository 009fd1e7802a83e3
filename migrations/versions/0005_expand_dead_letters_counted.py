"""Count the jobs that were dead before the trigger, or that it missed while it was switched off."""

from alembic import op

revision = "0005"
down_revision = "0004"

# One statement, so one snapshot: what lies dead in it, less what is counted in it. The trigger counts what dies
# meanwhile as ever, so the sum is right whenever this runs, and running it again adds nothing.
RECOUNT = """
-- blocking: it reads, and adds rows that nobody waits for
insert into equeue.dead_letter_changes (change, fingerprint, queue, task, user_id, job_id, error_type, message, at)
select sum(found.jobs), found.fingerprint, found.queue, found.task, found.user_id,
  (array_agg(found.job_id order by found.at desc))[1], (array_agg(found.error_type order by found.at desc))[1],
  (array_agg(found.message order by found.at desc))[1], max(found.at)
from (
  select 1 as jobs, equeue.dead_letter_fingerprint(j.error) as fingerprint, j.queue, j.task, j.user_id, j.id as job_id,
    left(j.error ->> 'type', 255) as error_type, left(coalesce(j.error ->> 'message', ''), 500) as message,
    j.finished_at as at
  from equeue.jobs as j
  where (j.status = 'dead') is true
  union all
  select -c.change, c.fingerprint, c.queue, c.task, c.user_id, c.job_id, c.error_type, c.message, c.at
  from equeue.dead_letter_changes as c
  union all
  select -g.jobs, g.fingerprint, g.queue, g.task, g.user_id, g.job_id, g.error_type, g.message, g.last_seen
  from equeue.dead_letter_groups as g
) as found
group by found.fingerprint, found.queue, found.task, found.user_id
having sum(found.jobs) <> 0
"""


def upgrade() -> None:
    """Nothing but reads and inserts."""
    op.execute(RECOUNT.strip())
