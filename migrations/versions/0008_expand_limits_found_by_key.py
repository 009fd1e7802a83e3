"""What runs and what waits, by queue and concurrency key.

The index of what runs takes the place of the one that held only its ids, so nobody pays for one more; the index of what
waits is paid for by jobs with a key alone.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

RUNNING = """
create index concurrently if not exists ix_jobs_running on equeue.jobs (queue, concurrency_key, id)
  where (status = 'running') is true
"""

KEYS = """
create index concurrently if not exists ix_jobs_keys on equeue.jobs (queue, concurrency_key, priority, run_at, id)
  where (status = 'queued') is true and concurrency_key is not null
"""


def upgrade() -> None:
    """Build both beside running workers, however long it takes; older builds find what runs by the new one."""
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute(RUNNING.strip())
        op.execute(KEYS.strip())
        op.execute("drop index concurrently if exists equeue.ix_jobs_lapse")
