"""Jobs, their attempts, the tasks that workers declare, people and their keys, answers kept, cadences."""

from alembic import op

revision = "0001"
down_revision = None

TYPES = r"""
create type equeue.job_status as enum ('queued', 'running', 'succeeded', 'dead', 'cancelled');
create type equeue.unique_while as enum ('queued', 'active');
create type equeue.attempt_outcome as enum (
  'succeeded', 'failed', 'timed_out', 'crashed', 'cancelled', 'discarded', 'snoozed', 'released'
);
create type equeue.role as enum ('member', 'viewer', 'operator', 'admin');

create domain equeue.name as text collate "C"
  constraint name_is_1_to_128_of_a_z_0_9_dot_dash check (octet_length(value) <= 128 and value ~ '^[a-z0-9_.-]+$');
create domain equeue.key as text collate "C"
  constraint key_is_1_to_255_bytes check (octet_length(value) between 1 and 255);
create domain equeue.tags as text[]
  constraint tags_are_at_most_20_of_1_to_64_characters check (
    cardinality(value) <= 20
    and coalesce(array_ndims(value), 1) = 1
    and array_position(value, null) is null
    and '' <> all (value)
    and array_to_string(value, chr(10)) !~ '[^\n]{65}'
  );
create domain equeue.scopes as text[]
  constraint scopes_are_known check (value <@ array[
    'jobs:write', 'jobs:read', 'jobs:admin', 'queues:admin', 'schedules:admin', 'worker', 'stats:read', 'admin'
  ]);
create domain equeue.json_object as jsonb
  constraint document_is_a_json_object check (jsonb_typeof(value) = 'object');
create domain equeue.job_payload as equeue.json_object
  constraint payload_is_at_most_1_mib check (octet_length(value::text) <= 1048576);
create domain equeue.job_result as jsonb
  constraint result_is_at_most_1_mib check (octet_length(value::text) <= 1048576);
create domain equeue.job_progress as jsonb
  constraint progress_is_at_most_64_kib check (octet_length(value::text) <= 65536);
create domain equeue.job_error as equeue.json_object
  constraint error_names_its_type_within_256_kib check (
    coalesce(jsonb_typeof(value -> 'type') = 'string', value is null) and octet_length(value::text) <= 262144
  );
create domain equeue.backoff as equeue.json_object
  constraint backoff_is_of_a_known_kind_with_a_base check (
    coalesce(value ->> 'kind' in ('fixed', 'exponential'), value is null)
    and coalesce(jsonb_typeof(value -> 'base_s') = 'number', value is null)
    and octet_length(value::text) <= 1024
  );
create domain equeue.task_schema as equeue.json_object
  constraint schema_is_at_most_1_mib check (octet_length(value::text) <= 1048576);

create function equeue.uuid7() returns uuid language sql volatile parallel safe
return encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
      from 1 for 6),
    52, 1), 53, 1),
  'hex')::uuid;

create function equeue.schema_floor() returns text language sql immutable parallel safe return '0001';
"""

JOBS = """
create table equeue.jobs (
  id uuid not null default equeue.uuid7(),
  status equeue.job_status not null default 'queued',
  priority smallint not null default 5,
  attempt integer not null default 0,
  retry_count integer not null default 0,
  max_retries integer not null default 3,
  lapse_count integer not null default 0,
  revision integer not null default 0,
  lease_token bigint not null default 0,
  timeout_s double precision not null default 300,
  run_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  task equeue.name not null,
  queue equeue.name not null default 'default',
  payload equeue.job_payload not null default '{}',
  tags equeue.tags not null default '{}',
  lease_expires_at timestamptz,
  worker_id uuid,
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz,
  cancel_requested_at timestamptz,
  user_id uuid,
  parent_id uuid,
  unique_while equeue.unique_while,
  unique_key equeue.key,
  unique_slot text,
  concurrency_key equeue.key,
  cancel_reason text,
  traceparent text,
  backoff equeue.backoff,
  progress equeue.job_progress,
  error equeue.job_error,
  result equeue.job_result,
  constraint pk_jobs primary key (id),
  constraint ck_jobs_priority_is_0_to_9 check (priority between 0 and 9),
  constraint ck_jobs_attempt_is_not_negative check (attempt >= 0),
  constraint ck_jobs_retry_count_is_not_negative check (retry_count >= 0),
  constraint ck_jobs_max_retries_is_0_to_1000 check (max_retries between 0 and 1000),
  constraint ck_jobs_retry_count_is_within_max_retries check (retry_count <= max_retries),
  constraint ck_jobs_lapse_count_is_not_negative check (lapse_count >= 0),
  constraint ck_jobs_revision_is_not_negative check (revision >= 0),
  constraint ck_jobs_lease_token_is_not_negative check (lease_token >= 0),
  constraint ck_jobs_timeout_is_a_tenth_of_a_second_to_a_day check (timeout_s between 0.1 and 86400),
  constraint ck_jobs_run_at_is_a_readable_instant
    check (run_at >= '1970-01-01 00:00:00+00' and run_at < '9999-01-01 00:00:00+00'),
  constraint ck_jobs_expires_at_is_a_readable_instant
    check (expires_at >= '1970-01-01 00:00:00+00' and expires_at < '9999-01-01 00:00:00+00'),
  constraint ck_jobs_running_means_a_lease check ((status = 'running') = (lease_expires_at is not null)),
  constraint ck_jobs_running_means_a_worker check (status <> 'running' or worker_id is not null),
  constraint ck_jobs_running_means_a_token check (status <> 'running' or lease_token > 0),
  constraint ck_jobs_ended_means_finished_at
    check ((status in ('succeeded', 'dead', 'cancelled')) = (finished_at is not null)),
  constraint ck_jobs_dead_means_an_error check (status <> 'dead' or error is not null),
  constraint ck_jobs_result_only_of_a_success check (result is null or status = 'succeeded'),
  constraint ck_jobs_cancel_request_only_once_claimed check (cancel_requested_at is null or status <> 'queued'),
  constraint ck_jobs_cancel_reason_only_with_a_cancel
    check (cancel_reason is null or cancel_requested_at is not null or status = 'cancelled'),
  constraint ck_jobs_cancel_reason_is_at_most_1000_characters check (char_length(cancel_reason) <= 1000),
  constraint ck_jobs_traceparent_is_at_most_255_bytes check (octet_length(traceparent) <= 255),
  constraint ck_jobs_unique_key_and_while_go_together check ((unique_key is null) = (unique_while is null)),
  constraint ck_jobs_unique_slot_only_with_a_key check (unique_slot is null or unique_key is not null),
  constraint ck_jobs_unique_slot_is_at_most_300_bytes check (octet_length(unique_slot) <= 300),
  constraint ck_jobs_unique_slot_only_while_held check (
    unique_slot is null or status = 'queued' or (status = 'running' and unique_while = 'active')
  )
) with (fillfactor = 70);
create index ix_jobs_status on equeue.jobs (status);
create index ix_jobs_status_created_at on equeue.jobs (status, created_at);
create index ix_jobs_user_id_created_at on equeue.jobs (user_id, created_at);
create index ix_jobs_claim on equeue.jobs (queue, priority, run_at, id) where (status = 'queued') is true;
create index ix_jobs_lapse on equeue.jobs (id) where (status = 'running') is true;
create index ix_jobs_expiry on equeue.jobs (expires_at)
  where (status = 'queued') is not false and expires_at is not null;
create unique index uq_jobs_unique_slot on equeue.jobs (unique_slot) where unique_slot is not null;

create table equeue.attempts (
  job_id uuid not null,
  lease_token bigint not null,
  attempt integer not null,
  outcome equeue.attempt_outcome not null,
  worker_id uuid,
  started_at timestamptz,
  finished_at timestamptz not null default now(),
  error equeue.job_error,
  constraint pk_attempts primary key (job_id, lease_token),
  constraint fk_attempts_job_id_jobs foreign key (job_id) references equeue.jobs (id) on delete cascade,
  constraint ck_attempts_attempt_is_positive check (attempt > 0),
  constraint ck_attempts_lease_token_is_positive check (lease_token > 0),
  constraint ck_attempts_failure_means_an_error
    check (outcome not in ('failed', 'timed_out', 'crashed', 'discarded') or error is not null)
);
"""

PEOPLE = r"""
create table equeue.users (
  id uuid not null default equeue.uuid7(),
  email text not null,
  role equeue.role not null default 'member',
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  constraint pk_users primary key (id),
  constraint ck_users_email_is_an_address_of_at_most_320_characters
    check (char_length(email) <= 320 and email ~ '^[^@\s]+@[^@\s]+$'),
  constraint ck_users_password_hash_is_1_to_255_bytes check (octet_length(password_hash) between 1 and 255)
);
create unique index uq_users_email on equeue.users (lower(email));

create table equeue.api_keys (
  id uuid not null default equeue.uuid7(),
  user_id uuid not null,
  name text not null,
  secret_hash bytea not null,
  scopes equeue.scopes not null,
  queue_globs text[] not null default '{}',
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint pk_api_keys primary key (id),
  constraint fk_api_keys_user_id_users foreign key (user_id) references equeue.users (id),
  constraint ck_api_keys_name_is_1_to_255_characters check (char_length(name) between 1 and 255),
  constraint ck_api_keys_secret_hash_is_32_bytes check (octet_length(secret_hash) = 32),
  constraint ck_api_keys_queue_globs_are_at_most_100 check (cardinality(queue_globs) <= 100)
);
create index ix_api_keys_user_id on equeue.api_keys (user_id);
"""

REST = """
create table equeue.tasks (
  id equeue.name not null,
  queue equeue.name not null,
  max_retries integer,
  timeout_s double precision,
  backoff equeue.backoff,
  payload_schema equeue.task_schema,
  doc text not null default '',
  declared_at timestamptz not null default now(),
  constraint pk_tasks primary key (id),
  constraint ck_tasks_max_retries_is_0_to_1000 check (max_retries between 0 and 1000),
  constraint ck_tasks_timeout_is_a_tenth_of_a_second_to_a_day check (timeout_s between 0.1 and 86400),
  constraint ck_tasks_doc_is_at_most_100000_characters check (char_length(doc) <= 100000)
);

create table equeue.idempotency_keys (
  principal text not null,
  key equeue.key not null,
  request_hash bytea not null,
  answer bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default (now() + '24:00:00'::interval),
  constraint pk_idempotency_keys primary key (principal, key),
  constraint ck_idempotency_keys_principal_is_1_to_255_bytes check (octet_length(principal) between 1 and 255),
  constraint ck_idempotency_keys_request_hash_is_1_to_64_bytes check (octet_length(request_hash) between 1 and 64),
  constraint ck_idempotency_keys_answer_is_at_most_64_mib check (octet_length(answer) <= 67108864)
);
create index ix_idempotency_keys_expires_at on equeue.idempotency_keys (expires_at);

create table equeue.cadences (
  name equeue.name not null,
  next_at timestamptz not null default now(),
  last_ran_at timestamptz,
  constraint pk_cadences primary key (name)
);
"""


def upgrade() -> None:
    """Everything is new, so nothing waits for anybody."""
    for part in (TYPES, JOBS, PEOPLE, REST):
        op.execute(part.rstrip(";\n"))
