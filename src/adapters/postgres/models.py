"""The tables of eQueue as this build knows them; the migrations make them, and a test compares the two."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import BIGINT, SMALLINT
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.ids import UUID
from ...domain.outcomes import AttemptOutcome
from ...domain.retry import MAX_RETRIES
from ...domain.spec import (
    DEFAULT_MAX_RETRIES,
    DEFAULT_PRIORITY,
    DEFAULT_QUEUE,
    DEFAULT_TIMEOUT,
    LONGEST_TIMEOUT,
    LOWEST_PRIORITY,
    SHORTEST_TIMEOUT,
    UniqueWhile,
)
from ...domain.status import JobStatus
from . import columns as kind
from . import failure_models, people_models, schedule_models, statistics_models, steering_models
from .mapping import NOW, Model, rule
from .people_models import ApiKeyRow, UserRow

QUEUED, RUNNING, DEAD = JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DEAD
ENDED = ", ".join(f"'{status}'" for status in JobStatus if status.ended)
TIMEOUTS = f"{SHORTEST_TIMEOUT.total_seconds():g} and {LONGEST_TIMEOUT.total_seconds():g}"
EPOCH, FAR = "'1970-01-01 00:00:00+00'", "'9999-01-01 00:00:00+00'"


class JobRow(Model):
    """One job. Wide columns of fixed length come first, so that reading a status skips no text.

    `worker_id` is who holds the job or held it last; it stays when the job ends or goes back.
    """

    __tablename__ = "jobs"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    status: Mapped[JobStatus] = mapped_column(kind.JOB_STATUS, server_default=QUEUED)
    priority: Mapped[int] = mapped_column(SMALLINT, server_default=text(f"{DEFAULT_PRIORITY}"))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    retry_count: Mapped[int] = mapped_column(server_default=text("0"))
    max_retries: Mapped[int] = mapped_column(server_default=text(f"{DEFAULT_MAX_RETRIES}"))
    lapse_count: Mapped[int] = mapped_column(server_default=text("0"))
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    lease_token: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    timeout_s: Mapped[float] = mapped_column(server_default=text(f"{DEFAULT_TIMEOUT.total_seconds():g}"))
    run_at: Mapped[datetime] = mapped_column(server_default=NOW)
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    task: Mapped[str] = mapped_column(kind.NAME)
    queue: Mapped[str] = mapped_column(kind.NAME, server_default=DEFAULT_QUEUE)
    payload: Mapped[bytes] = mapped_column(kind.PAYLOAD, server_default="{}")
    tags: Mapped[list[str]] = mapped_column(kind.TAG_SET, server_default="{}")
    lease_expires_at: Mapped[datetime | None]
    worker_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    user_id: Mapped[UUID | None]
    parent_id: Mapped[UUID | None]
    unique_while: Mapped[UniqueWhile | None] = mapped_column(kind.UNIQUE_WHILE)
    unique_key: Mapped[str | None] = mapped_column(kind.KEY)
    unique_slot: Mapped[str | None]
    concurrency_key: Mapped[str | None] = mapped_column(kind.KEY)
    cancel_reason: Mapped[str | None]
    traceparent: Mapped[str | None]
    backoff: Mapped[bytes | None] = mapped_column(kind.BACKOFF_POLICY)
    progress: Mapped[bytes | None] = mapped_column(kind.PROGRESS)
    error: Mapped[bytes | None] = mapped_column(kind.ERROR)
    result: Mapped[bytes | None] = mapped_column(kind.RESULT)

    __table_args__ = (
        rule("priority_is_0_to_9", f"priority between 0 and {LOWEST_PRIORITY}"),
        rule("attempt_is_not_negative", "attempt >= 0"),
        rule("retry_count_is_not_negative", "retry_count >= 0"),
        rule("max_retries_is_0_to_1000", f"max_retries between 0 and {MAX_RETRIES}"),
        rule("retry_count_is_within_max_retries", "retry_count <= max_retries"),
        rule("lapse_count_is_not_negative", "lapse_count >= 0"),
        rule("revision_is_not_negative", "revision >= 0"),
        rule("lease_token_is_not_negative", "lease_token >= 0"),
        rule("timeout_is_a_tenth_of_a_second_to_a_day", f"timeout_s between {TIMEOUTS}"),
        rule("run_at_is_a_readable_instant", f"run_at >= {EPOCH} and run_at < {FAR}"),
        rule("expires_at_is_a_readable_instant", f"expires_at >= {EPOCH} and expires_at < {FAR}"),
        rule("running_means_a_lease", f"(status = '{RUNNING}') = (lease_expires_at is not null)"),
        rule("running_means_a_worker", f"status <> '{RUNNING}' or worker_id is not null"),
        rule("running_means_a_token", f"status <> '{RUNNING}' or lease_token > 0"),
        rule("ended_means_finished_at", f"(status in ({ENDED})) = (finished_at is not null)"),
        rule("dead_means_an_error", f"status <> '{DEAD}' or error is not null"),
        rule("result_only_of_a_success", f"result is null or status = '{JobStatus.SUCCEEDED}'"),
        rule("cancel_request_only_once_claimed", f"cancel_requested_at is null or status <> '{QUEUED}'"),
        rule(
            "cancel_reason_only_with_a_cancel",
            f"cancel_reason is null or cancel_requested_at is not null or status = '{JobStatus.CANCELLED}'",
        ),
        rule("cancel_reason_is_at_most_1000_characters", "char_length(cancel_reason) <= 1000"),
        rule("traceparent_is_at_most_255_bytes", "octet_length(traceparent) <= 255"),
        rule("unique_key_and_while_go_together", "(unique_key is null) = (unique_while is null)"),
        rule("unique_slot_only_with_a_key", "unique_slot is null or unique_key is not null"),
        rule("unique_slot_is_at_most_300_bytes", "octet_length(unique_slot) <= 300"),
        rule(
            "unique_slot_only_while_held",
            f"unique_slot is null or status = '{QUEUED}'"
            f" or (status = '{RUNNING}' and unique_while = '{UniqueWhile.ACTIVE}')",
        ),
        Index("ix_jobs_status", "status"),
        Index("ix_jobs_status_created_at_id", "status", "created_at", "id"),
        Index("ix_jobs_user_id_created_at", "user_id", "created_at"),
        Index(
            "ix_jobs_claim",
            "queue",
            "priority",
            "run_at",
            "id",
            postgresql_where=text(f"(status = '{QUEUED}') is true"),
        ),
        Index(
            "ix_jobs_running",
            "queue",
            "concurrency_key",
            "id",
            postgresql_where=text(f"(status = '{RUNNING}') is true"),
        ),
        Index(
            "ix_jobs_keys",
            "queue",
            "concurrency_key",
            "priority",
            "run_at",
            "id",
            postgresql_where=text(f"(status = '{QUEUED}') is true and concurrency_key is not null"),
        ),
        Index(
            "ix_jobs_expiry",
            "expires_at",
            postgresql_where=text(f"(status = '{QUEUED}') is not false and expires_at is not null"),
        ),
        Index("uq_jobs_unique_slot", "unique_slot", unique=True, postgresql_where=text("unique_slot is not null")),
        Index(
            "ix_jobs_dead_letters",
            text(failure_models.FINGERPRINT),
            "created_at",
            "id",
            postgresql_where=text(f"(status = '{DEAD}') is true"),
        ),
        Index(
            "ix_jobs_retrying",
            "queue",
            postgresql_where=text(f"(status = '{QUEUED}') is true and retry_count > 0"),
        ),
        {"postgresql_with": {"fillfactor": 70}},
    )


class AttemptRow(Model):
    """One ended attempt of a job, under the token that settled it."""

    __tablename__ = "attempts"

    job_id: Mapped[UUID] = mapped_column(ForeignKey(JobRow.id, ondelete="CASCADE"), primary_key=True)
    lease_token: Mapped[int] = mapped_column(BIGINT, primary_key=True, autoincrement=False)
    attempt: Mapped[int]
    outcome: Mapped[AttemptOutcome] = mapped_column(kind.ATTEMPT_OUTCOME)
    worker_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime] = mapped_column(server_default=NOW)
    error: Mapped[bytes | None] = mapped_column(kind.ERROR)

    __table_args__ = (
        rule("attempt_is_positive", "attempt > 0"),
        rule("lease_token_is_positive", "lease_token > 0"),
        rule(
            "failure_means_an_error",
            "outcome not in ('failed', 'timed_out', 'crashed', 'discarded') or error is not null",
        ),
    )


class TaskRow(Model):
    """A task as the worker that declared it last knows it."""

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(kind.NAME, primary_key=True)
    queue: Mapped[str] = mapped_column(kind.NAME)
    max_retries: Mapped[int | None]
    timeout_s: Mapped[float | None]
    backoff: Mapped[bytes | None] = mapped_column(kind.BACKOFF_POLICY)
    payload_schema: Mapped[bytes | None] = mapped_column(kind.PAYLOAD_SCHEMA)
    doc: Mapped[str] = mapped_column(server_default="")
    declared_at: Mapped[datetime] = mapped_column(server_default=NOW)
    on_dead: Mapped[bytes | None] = mapped_column(kind.ON_DEAD)

    __table_args__ = (
        rule("max_retries_is_0_to_1000", f"max_retries between 0 and {MAX_RETRIES}"),
        rule("timeout_is_a_tenth_of_a_second_to_a_day", f"timeout_s between {TIMEOUTS}"),
        rule("doc_is_at_most_100000_characters", "char_length(doc) <= 100000"),
    )


class IdempotencyKeyRow(Model):
    """The answer to a request, kept as the very bytes that were sent, so that a repetition gets the same."""

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(kind.KEY, primary_key=True)
    request_hash: Mapped[bytes]
    answer: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[datetime] = mapped_column(server_default=text("(now() + '24:00:00'::interval)"), index=True)

    __table_args__ = (
        rule("principal_is_1_to_255_bytes", "octet_length(principal) between 1 and 255"),
        rule("request_hash_is_1_to_64_bytes", "octet_length(request_hash) between 1 and 64"),
        rule("answer_is_at_most_64_mib", "octet_length(answer) <= 67108864"),
    )


class CadenceRow(Model):
    """When a leaderless pass of maintenance ran last and is to run next."""

    __tablename__ = "cadences"

    name: Mapped[str] = mapped_column(kind.NAME, primary_key=True)
    next_at: Mapped[datetime] = mapped_column(server_default=NOW)
    last_ran_at: Mapped[datetime | None]


TABLES: tuple[Any, ...] = tuple(Model.metadata.sorted_tables)
TRIGGERS = (*failure_models.TRIGGERS, *statistics_models.TRIGGERS)
AuditRow, BulkOperationRow = steering_models.AuditRow, steering_models.BulkOperationRow
ScheduleRow, ScheduleFireRow = schedule_models.ScheduleRow, schedule_models.ScheduleFireRow
SessionRow, LoginAttemptRow = people_models.SessionRow, people_models.LoginAttemptRow

__all__ = [
    "TABLES",
    "ApiKeyRow",
    "AttemptRow",
    "AuditRow",
    "BulkOperationRow",
    "CadenceRow",
    "IdempotencyKeyRow",
    "JobRow",
    "Model",
    "ScheduleFireRow",
    "ScheduleRow",
    "TaskRow",
    "UserRow",
]
"""Every table, wherever it is described: files with further tables are imported above, so that none is forgotten."""
