"""The jobs that wait for another try, for those who look how many there are; only these pay for it."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Build the index beside running workers, however long it takes."""
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute(
            "create index concurrently if not exists ix_jobs_retrying on equeue.jobs (queue)"
            " where (status = 'queued') is true and retry_count > 0"
        )
