"""${message}"""

from alembic import op

revision = "${up_revision}"
down_revision = ${repr(down_revision)}

def upgrade() -> None:
    """Say what changes, and what it costs."""
    op.execute("")
