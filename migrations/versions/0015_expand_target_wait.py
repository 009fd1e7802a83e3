"""How long the jobs of a queue may wait: a column that is empty until somebody sets it."""

from alembic import op

revision = "0015"
down_revision = "0014"

COLUMN = """
alter table equeue.queues add column target_wait_s double precision;

-- blocking: it reads a table that has a row for each queue somebody set, and no more
alter table equeue.queues
  add constraint ck_queues_target_wait_is_a_tenth_of_a_second_to_a_day check (target_wait_s between 0.1 and 86400);
"""


def upgrade() -> None:
    """No row changes."""
    op.execute(COLUMN.strip().rstrip(";"))
