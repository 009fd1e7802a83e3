"""Sessions of people, attempts to begin one, rotation of keys, and what tells that a person or key changed."""

from alembic import op

revision = "0006"
down_revision = "0005"

PEOPLE = """
alter table equeue.users add column revision integer default 0 not null;
alter table equeue.users add constraint ck_users_revision_is_not_negative check (revision >= 0) not valid;
alter table equeue.users validate constraint ck_users_revision_is_not_negative;

alter table equeue.api_keys
  add column revision integer default 0 not null,
  add column former_hash bytea,
  add column former_until timestamptz;
alter table equeue.api_keys add constraint ck_api_keys_revision_is_not_negative check (revision >= 0) not valid;
alter table equeue.api_keys add constraint ck_api_keys_former_secret_is_whole
  check ((former_hash is null) = (former_until is null)) not valid;
alter table equeue.api_keys add constraint ck_api_keys_former_hash_is_32_bytes
  check (octet_length(former_hash) = 32) not valid;
alter table equeue.api_keys validate constraint ck_api_keys_revision_is_not_negative;
alter table equeue.api_keys validate constraint ck_api_keys_former_secret_is_whole;
alter table equeue.api_keys validate constraint ck_api_keys_former_hash_is_32_bytes;
"""

SESSIONS = """
create table equeue.sessions (
  id uuid not null,
  user_id uuid not null,
  generation integer not null default 1,
  created_at timestamptz not null default now(),
  rotated_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  constraint pk_sessions primary key (id),
  constraint fk_sessions_user_id_users foreign key (user_id) references equeue.users (id),
  constraint ck_sessions_generation_is_positive check (generation > 0),
  constraint ck_sessions_expires_after_it_began check (expires_at > created_at)
);
create index ix_sessions_user_id on equeue.sessions (user_id);
create index ix_sessions_expires_at on equeue.sessions (expires_at);

create table equeue.login_attempts (
  subject equeue.key not null,
  attempts integer not null default 1,
  began_at timestamptz not null default now(),
  constraint pk_login_attempts primary key (subject),
  constraint ck_login_attempts_attempts_are_not_negative check (attempts >= 0)
);
create index ix_login_attempts_began_at on equeue.login_attempts (began_at);
"""


def upgrade() -> None:
    """Columns come without a rewrite, rules are checked without a lock that anybody waits for."""
    for part in (PEOPLE, SESSIONS):
        op.execute(part.rstrip(";\n"))
