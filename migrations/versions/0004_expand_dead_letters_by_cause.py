"""The dead jobs of one cause, oldest first, for those who retry or delete a whole group; only the dead pay for it."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Build the index beside running workers, however long it takes."""
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = 0")
        op.execute(
            "create index concurrently if not exists ix_jobs_dead_letters"
            " on equeue.jobs (equeue.dead_letter_fingerprint(error), created_at, id) where (status = 'dead') is true"
        )
