"""The orders of lists to the end: by status or owner, by creation, and of jobs created at one instant by their ids.

Each takes the place of the index that ended with the time of creation, so nobody pays for one more. A page from that
had to sort all the jobs of an instant, and a plain INSERT … SELECT of a million makes them all at one.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

STATUS = "create index concurrently if not exists ix_jobs_status_created_at_id on equeue.jobs (status, created_at, id)"
OWNER = "create index concurrently if not exists ix_jobs_user_id_created_at_id on equeue.jobs (user_id, created_at, id)"


def upgrade() -> None:
    """Build both beside running workers, however long it takes; older builds find by them what they found before."""
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute(STATUS)
        op.execute("drop index concurrently if exists equeue.ix_jobs_status_created_at")
        op.execute(OWNER)
        op.execute("drop index concurrently if exists equeue.ix_jobs_user_id_created_at")
