"""What people and keys did, and the bulk operations that they asked for."""

from alembic import op

revision = "0003"
down_revision = "0002"

AUDIT = """
create type equeue.actor_kind as enum ('user', 'key', 'system');
create domain equeue.audited_facts as equeue.json_object
  constraint facts_are_at_most_64_kib check (octet_length(value::text) <= 65536);

create table equeue.audit_log (
  id uuid not null default equeue.uuid7(),
  at timestamptz not null default now(),
  actor equeue.actor_kind not null,
  user_id uuid,
  key_id uuid,
  action equeue.name not null,
  target_kind equeue.name not null,
  target_id equeue.key not null,
  request_id equeue.key,
  before equeue.audited_facts not null default '{}',
  after equeue.audited_facts not null default '{}',
  constraint pk_audit_log primary key (id),
  constraint ck_audit_log_actor_is_named
    check ((actor = 'system') = (user_id is null) and (actor = 'key') = (key_id is not null))
);
create index ix_audit_log_target_id_id on equeue.audit_log (target_id, id);
"""

BULK = """
create type equeue.bulk_action as enum ('retry', 'cancel', 'delete', 'move', 'run-now');
create type equeue.bulk_status as enum ('pending', 'running', 'aborted', 'finished', 'failed');
create domain equeue.bulk_filter as equeue.json_object
  constraint filter_is_at_most_256_kib check (octet_length(value::text) <= 262144);

create table equeue.bulk_operations (
  id uuid not null default equeue.uuid7(),
  status equeue.bulk_status not null default 'pending',
  action equeue.bulk_action not null,
  filter equeue.bulk_filter not null,
  mark timestamptz not null,
  queue equeue.name,
  reason text,
  expected integer not null default 0,
  matched bigint not null default 0,
  done bigint not null default 0,
  skipped bigint not null default 0,
  failed bigint not null default 0,
  cursor_created_at timestamptz,
  cursor_id uuid,
  user_id uuid,
  key_id uuid,
  revision integer not null default 0,
  failure text,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint pk_bulk_operations primary key (id),
  constraint ck_bulk_operations_queue_only_of_a_move check ((queue is not null) = (action = 'move')),
  constraint ck_bulk_operations_reason_only_of_a_cancel check (reason is null or action = 'cancel'),
  constraint ck_bulk_operations_reason_is_at_most_1000_characters check (char_length(reason) <= 1000),
  constraint ck_bulk_operations_expected_is_not_negative check (expected >= 0),
  constraint ck_bulk_operations_counts_are_not_negative check (done >= 0 and skipped >= 0 and failed >= 0),
  constraint ck_bulk_operations_matched_is_the_sum check (matched = done + skipped + failed),
  constraint ck_bulk_operations_cursor_is_whole check ((cursor_created_at is null) = (cursor_id is null)),
  constraint ck_bulk_operations_key_only_with_its_owner check (key_id is null or user_id is not null),
  constraint ck_bulk_operations_revision_is_not_negative check (revision >= 0),
  constraint ck_bulk_operations_failed_means_a_failure check ((status = 'failed') = (failure is not null)),
  constraint ck_bulk_operations_failure_is_at_most_1000_characters check (char_length(failure) <= 1000),
  constraint ck_bulk_operations_ended_means_finished_at
    check ((status in ('finished', 'failed')) = (finished_at is not null))
);
create index ix_bulk_operations_due_at on equeue.bulk_operations (due_at)
  where (status in ('pending', 'running')) is true;
"""


def upgrade() -> None:
    """Everything is new, so nothing waits for anybody."""
    for part in (AUDIT, BULK):
        op.execute(part.rstrip(";\n"))
