"""How long a queue's jobs are kept once they have ended."""

from alembic import op

revision = "0010"
down_revision = "0009"

RETENTION = """
create domain equeue.retention as equeue.json_object
  constraint retention_is_at_most_1_kib check (octet_length(value::text) <= 1024);

-- blocking: a column of a domain with a rule rewrites the table, which has a row for each queue that is set and no more
alter table equeue.queues add column retention equeue.retention;
"""


def upgrade() -> None:
    """A few rows at most are written anew."""
    op.execute(RETENTION.rstrip(";\n"))
