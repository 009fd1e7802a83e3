"""Schedules, and which of their fire times made a job."""

from alembic import op

revision = "0009"
down_revision = "0008"

SCHEDULES = """
create type equeue.schedule_overlap as enum ('skip', 'queue');
create type equeue.schedule_catch_up as enum ('none', 'last', 'all');

create table equeue.schedules (
  id uuid not null default equeue.uuid7(),
  name equeue.name not null,
  cron text,
  zone text not null default 'UTC',
  every_s double precision,
  anchor timestamptz not null default now(),
  task equeue.name not null,
  payload equeue.job_payload not null default '{}',
  queue equeue.name,
  priority integer not null default 5,
  max_retries integer,
  backoff equeue.backoff,
  timeout_s double precision,
  tags equeue.tags not null default '{}',
  concurrency_key equeue.key,
  overlap equeue.schedule_overlap not null default 'skip',
  catch_up equeue.schedule_catch_up not null default 'last',
  catch_up_limit integer not null default 100,
  jitter_s double precision not null default 0,
  next_at timestamptz,
  last_fire_at timestamptz,
  paused_at timestamptz,
  paused_by equeue.key,
  pause_reason text,
  failure text,
  managed_by_code boolean not null default false,
  user_id uuid,
  revision integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pk_schedules primary key (id),
  constraint ck_schedules_rhythm_is_cron_or_every check ((cron is null) <> (every_s is null)),
  constraint ck_schedules_cron_is_1_to_255_characters check (char_length(cron) between 1 and 255),
  constraint ck_schedules_zone_is_1_to_64_characters check (char_length(zone) between 1 and 64),
  constraint ck_schedules_every_is_a_tenth_of_a_second_to_366_days check (every_s between 0.1 and 31622400),
  constraint ck_schedules_priority_is_0_to_9 check (priority between 0 and 9),
  constraint ck_schedules_max_retries_is_0_to_1000 check (max_retries between 0 and 1000),
  constraint ck_schedules_timeout_is_a_tenth_of_a_second_to_a_day check (timeout_s between 0.1 and 86400),
  constraint ck_schedules_catch_up_limit_is_1_to_1000 check (catch_up_limit between 1 and 1000),
  constraint ck_schedules_jitter_is_at_most_a_day check (jitter_s between 0 and 86400),
  constraint ck_schedules_pause_is_whole
    check (paused_at is not null or (paused_by is null and pause_reason is null)),
  constraint ck_schedules_pause_reason_is_at_most_1000_characters check (char_length(pause_reason) <= 1000),
  constraint ck_schedules_failed_means_no_next check (failure is null or next_at is null),
  constraint ck_schedules_failure_is_at_most_1000_characters check (char_length(failure) <= 1000),
  constraint ck_schedules_revision_is_not_negative check (revision >= 0)
);
create unique index uq_schedules_name on equeue.schedules (name);
create index ix_schedules_next_at on equeue.schedules (next_at) where paused_at is null and next_at is not null;
"""

FIRES = """
create table equeue.schedule_fires (
  job_id uuid not null,
  schedule_id uuid not null,
  fire_at timestamptz not null,
  manual boolean not null default false,
  constraint pk_schedule_fires primary key (job_id),
  constraint fk_schedule_fires_schedule_id_schedules
    foreign key (schedule_id) references equeue.schedules (id) on delete cascade
);
create unique index uq_schedule_fires_schedule_id_fire_at on equeue.schedule_fires (schedule_id, fire_at)
  where not manual;
create index ix_schedule_fires_schedule_id_fire_at on equeue.schedule_fires (schedule_id, fire_at);
create index ix_schedule_fires_fire_at on equeue.schedule_fires (fire_at);
"""


def upgrade() -> None:
    """Everything is new, so nothing waits for anybody."""
    for part in (SCHEDULES, FIRES):
        op.execute(part.rstrip(";\n"))
