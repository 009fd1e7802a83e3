"""The tables of failure: settings of queues, and the dead letters counted by what killed them."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from datetime import datetime

from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.ids import UUID
from ...domain.limits import LONGEST_PERIOD, SHORTEST_PERIOD
from ...domain.outcomes import FINGERPRINT_CHARS
from ...domain.queue import LONGEST_TARGET, SHORTEST_TARGET
from ...domain.retry import MAX_RETRIES
from ...domain.spec import LONGEST_TIMEOUT, REASON_CHARS, SHORTEST_TIMEOUT
from ...domain.status import JobStatus
from . import columns as kind
from .mapping import NOW, Model, rule

DEAD = JobStatus.DEAD
TIMEOUTS = f"{SHORTEST_TIMEOUT.total_seconds():g} and {LONGEST_TIMEOUT.total_seconds():g}"
PERIODS = f"{SHORTEST_PERIOD.total_seconds():g} and {LONGEST_PERIOD.total_seconds():g}"
TARGETS = f"{SHORTEST_TARGET.total_seconds():g} and {LONGEST_TARGET.total_seconds():g}"
FINGERPRINTS = f"char_length(fingerprint) between 1 and {FINGERPRINT_CHARS}"


class QueueRow(Model):
    """What somebody set for a queue; a queue without a row has the system's defaults.

    `rate_tokens` and `rate_at` are what is left of its rate; claims write them, and they are nobody's settings.
    """

    __tablename__ = "queues"

    name: Mapped[str] = mapped_column(kind.NAME, primary_key=True)
    default_max_retries: Mapped[int | None]
    default_timeout_s: Mapped[float | None]
    default_backoff: Mapped[bytes | None] = mapped_column(kind.BACKOFF_POLICY)
    on_dead: Mapped[bytes | None] = mapped_column(kind.ON_DEAD)
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    max_running: Mapped[int | None]
    max_running_per_key: Mapped[int | None]
    max_depth: Mapped[int | None]
    rate_limit: Mapped[int | None]
    rate_period_s: Mapped[float | None]
    rate_burst: Mapped[int | None]
    rate_tokens: Mapped[float | None]
    rate_at: Mapped[datetime | None]
    oldest_share: Mapped[float | None]
    paused_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    paused_by_user: Mapped[UUID | None]
    paused_by_key: Mapped[UUID | None]
    pause_reason: Mapped[str | None]
    retention: Mapped[bytes | None] = mapped_column(kind.RETENTION)
    target_wait_s: Mapped[float | None]

    __table_args__ = (
        rule("default_max_retries_is_0_to_1000", f"default_max_retries between 0 and {MAX_RETRIES}"),
        rule("default_timeout_is_a_tenth_of_a_second_to_a_day", f"default_timeout_s between {TIMEOUTS}"),
        rule("revision_is_not_negative", "revision >= 0"),
        rule("max_running_is_positive", "max_running > 0"),
        rule("max_running_per_key_is_positive", "max_running_per_key > 0"),
        rule("max_depth_is_positive", "max_depth > 0"),
        rule("rate_is_whole", "(rate_limit is null) = (rate_period_s is null)"),
        rule("rate_limit_is_positive", "rate_limit > 0"),
        rule("rate_period_is_a_tenth_of_a_second_to_a_day", f"rate_period_s between {PERIODS}"),
        rule(
            "rate_burst_is_positive_and_of_a_rate", "rate_burst is null or (rate_burst > 0 and rate_limit is not null)"
        ),
        rule("rate_tokens_have_an_instant", "(rate_tokens is null) = (rate_at is null)"),
        rule("oldest_share_is_a_share", "oldest_share > 0 and oldest_share <= 1"),
        rule(
            "paused_means_paused_at",
            "paused_at is not null or num_nonnulls(paused_until, paused_by_user, paused_by_key, pause_reason) = 0",
        ),
        rule("pause_key_only_with_its_owner", "paused_by_key is null or paused_by_user is not null"),
        rule("pause_reason_is_at_most_1000_characters", f"char_length(pause_reason) <= {REASON_CHARS}"),
        rule("target_wait_is_a_tenth_of_a_second_to_a_day", f"target_wait_s between {TARGETS}"),
    )


class DeadLetterChangeRow(Model):
    """A job that died (1) or is dead no more (-1), told by the trigger on jobs in the same transaction.

    Rows are only added, so nobody waits for anybody; a maintenance pass folds them into the groups.
    """

    __tablename__ = "dead_letter_changes"

    id: Mapped[int] = mapped_column(BIGINT, Identity(), primary_key=True)
    change: Mapped[int]
    fingerprint: Mapped[str]
    queue: Mapped[str] = mapped_column(kind.NAME)
    task: Mapped[str] = mapped_column(kind.NAME)
    user_id: Mapped[UUID | None]
    job_id: Mapped[UUID]
    error_type: Mapped[str]
    message: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=NOW)

    __table_args__ = (
        rule("change_is_not_0", "change <> 0"),
        rule("fingerprint_is_1_to_255_characters", FINGERPRINTS),
    )


class DeadLetterGroupRow(Model):
    """How many jobs of one owner, queue and task lie dead of one error, as far as the changes were folded in."""

    __tablename__ = "dead_letter_groups"

    id: Mapped[int] = mapped_column(BIGINT, Identity(), primary_key=True)
    jobs: Mapped[int] = mapped_column(BIGINT)
    fingerprint: Mapped[str]
    queue: Mapped[str] = mapped_column(kind.NAME)
    task: Mapped[str] = mapped_column(kind.NAME)
    user_id: Mapped[UUID | None]
    job_id: Mapped[UUID]
    error_type: Mapped[str]
    message: Mapped[str] = mapped_column(server_default="")
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]

    __table_args__ = (
        rule("fingerprint_is_1_to_255_characters", FINGERPRINTS),
        Index(
            "uq_dead_letter_groups_key",
            "fingerprint",
            "queue",
            "task",
            "user_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )


FINGERPRINT_FUNCTION = f"""
create function equeue.dead_letter_fingerprint(error jsonb) returns text language sql immutable parallel safe
return left(coalesce(nullif(error ->> 'fingerprint', ''), nullif(error ->> 'type', ''), '-'), {FINGERPRINT_CHARS})
"""
"""What a dead job is grouped by; an error that nobody fingerprinted goes by its type."""

COUNT_FUNCTION = f"""
create function equeue.count_dead_letters() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.status = '{DEAD}' then
    insert into equeue.dead_letter_changes (change, fingerprint, queue, task, user_id, job_id, error_type, message)
    values (-1, equeue.dead_letter_fingerprint(old.error), old.queue, old.task, old.user_id, old.id,
      left(old.error ->> 'type', 255), '');
  end if;
  if tg_op <> 'DELETE' and new.status = '{DEAD}' then
    insert into equeue.dead_letter_changes (change, fingerprint, queue, task, user_id, job_id, error_type, message)
    values (1, equeue.dead_letter_fingerprint(new.error), new.queue, new.task, new.user_id, new.id,
      left(new.error ->> 'type', 255), left(coalesce(new.error ->> 'message', ''), 500));
  end if;
  return null;
end
$$
"""
"""Keeps the count of dead letters right whoever moves them, also plain SQL and builds that know nothing of groups."""

FINGERPRINT = "equeue.dead_letter_fingerprint(error)"
"""The same of the job at hand."""

FUNCTIONS = (FINGERPRINT_FUNCTION, COUNT_FUNCTION)

TRIGGERS = (
    f"""
create trigger dead_letters_moved after update of status, queue, task, user_id, error on equeue.jobs
for each row when (old.status = '{DEAD}' or new.status = '{DEAD}') execute function equeue.count_dead_letters()
""",
    f"""
create trigger dead_letters_added after insert on equeue.jobs
for each row when (new.status = '{DEAD}') execute function equeue.count_dead_letters()
""",
    f"""
create trigger dead_letters_removed after delete on equeue.jobs
for each row when (old.status = '{DEAD}') execute function equeue.count_dead_letters()
""",
)
"""Their conditions are all that a job which does not die pays."""
