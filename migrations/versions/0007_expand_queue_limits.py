"""Limits and pauses of queues: columns that are all empty until somebody sets them."""

from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = """
alter table equeue.queues
  add column max_running integer,
  add column max_running_per_key integer,
  add column max_depth integer,
  add column rate_limit integer,
  add column rate_period_s double precision,
  add column rate_burst integer,
  add column rate_tokens double precision,
  add column rate_at timestamptz,
  add column oldest_share double precision,
  add column paused_at timestamptz,
  add column paused_until timestamptz,
  add column paused_by_user uuid,
  add column paused_by_key uuid,
  add column pause_reason text
"""

RULES = """
-- blocking: it reads a table that has a row for each queue somebody set, and no more
alter table equeue.queues
  add constraint ck_queues_max_running_is_positive check (max_running > 0),
  add constraint ck_queues_max_running_per_key_is_positive check (max_running_per_key > 0),
  add constraint ck_queues_max_depth_is_positive check (max_depth > 0),
  add constraint ck_queues_rate_is_whole check ((rate_limit is null) = (rate_period_s is null)),
  add constraint ck_queues_rate_limit_is_positive check (rate_limit > 0),
  add constraint ck_queues_rate_period_is_a_tenth_of_a_second_to_a_day check (rate_period_s between 0.1 and 86400),
  add constraint ck_queues_rate_burst_is_positive_and_of_a_rate
    check (rate_burst is null or (rate_burst > 0 and rate_limit is not null)),
  add constraint ck_queues_rate_tokens_have_an_instant check ((rate_tokens is null) = (rate_at is null)),
  add constraint ck_queues_oldest_share_is_a_share check (oldest_share > 0 and oldest_share <= 1),
  add constraint ck_queues_paused_means_paused_at check (
    paused_at is not null or num_nonnulls(paused_until, paused_by_user, paused_by_key, pause_reason) = 0
  ),
  add constraint ck_queues_pause_key_only_with_its_owner check (paused_by_key is null or paused_by_user is not null),
  add constraint ck_queues_pause_reason_is_at_most_1000_characters check (char_length(pause_reason) <= 1000)
"""


def upgrade() -> None:
    """No row changes."""
    for part in (COLUMNS, RULES):
        op.execute(part.strip())
