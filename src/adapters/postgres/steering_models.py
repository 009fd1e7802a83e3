"""The tables of steering: what people and keys did, and the bulk operations that they asked for."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.audit import ActorKind
from ...domain.bulk import OPEN, BulkStatus
from ...domain.bulk_plan import BulkAction
from ...domain.ids import UUID
from . import columns as kind
from .mapping import NOW, Model, rule

ACTORS = f"(actor = '{ActorKind.SYSTEM}') = (user_id is null) and (actor = '{ActorKind.KEY}') = (key_id is not null)"
OPENED = ", ".join(f"'{status}'" for status in BulkStatus if status in OPEN)
CLOSED = ", ".join(f"'{status}'" for status in BulkStatus if status in (BulkStatus.FINISHED, BulkStatus.FAILED))


class AuditRow(Model):
    """One act of a person, a key or eQueue itself, written in the transaction of the act."""

    __tablename__ = "audit_log"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    at: Mapped[datetime] = mapped_column(server_default=NOW)
    actor: Mapped[ActorKind] = mapped_column(kind.ACTOR_KIND)
    user_id: Mapped[UUID | None]
    key_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(kind.NAME)
    target_kind: Mapped[str] = mapped_column(kind.NAME)
    target_id: Mapped[str] = mapped_column(kind.KEY)
    request_id: Mapped[str | None] = mapped_column(kind.KEY)
    before: Mapped[bytes] = mapped_column(kind.AUDITED, server_default="{}")
    after: Mapped[bytes] = mapped_column(kind.AUDITED, server_default="{}")

    __table_args__ = (
        rule("actor_is_named", ACTORS),
        Index("ix_audit_log_target_id_id", "target_id", "id"),
    )


class BulkOperationRow(Model):
    """One change of many jobs, and how far it has come: the cursor is the last job that was decided on."""

    __tablename__ = "bulk_operations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    status: Mapped[BulkStatus] = mapped_column(kind.BULK_STATUS, server_default=BulkStatus.PENDING)
    action: Mapped[BulkAction] = mapped_column(kind.BULK_ACTION)
    filter: Mapped[bytes] = mapped_column(kind.BULK_FILTER)
    mark: Mapped[datetime]
    queue: Mapped[str | None] = mapped_column(kind.NAME)
    reason: Mapped[str | None]
    expected: Mapped[int] = mapped_column(server_default=text("0"))
    matched: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    done: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    skipped: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    cursor_created_at: Mapped[datetime | None]
    cursor_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    key_id: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    failure: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    due_at: Mapped[datetime] = mapped_column(server_default=NOW)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        rule("queue_only_of_a_move", f"(queue is not null) = (action = '{BulkAction.MOVE}')"),
        rule("reason_only_of_a_cancel", f"reason is null or action = '{BulkAction.CANCEL}'"),
        rule("reason_is_at_most_1000_characters", "char_length(reason) <= 1000"),
        rule("expected_is_not_negative", "expected >= 0"),
        rule("counts_are_not_negative", "done >= 0 and skipped >= 0 and failed >= 0"),
        rule("matched_is_the_sum", "matched = done + skipped + failed"),
        rule("cursor_is_whole", "(cursor_created_at is null) = (cursor_id is null)"),
        rule("key_only_with_its_owner", "key_id is null or user_id is not null"),
        rule("revision_is_not_negative", "revision >= 0"),
        rule("failed_means_a_failure", f"(status = '{BulkStatus.FAILED}') = (failure is not null)"),
        rule("failure_is_at_most_1000_characters", "char_length(failure) <= 1000"),
        rule("ended_means_finished_at", f"(status in ({CLOSED})) = (finished_at is not null)"),
        Index("ix_bulk_operations_due_at", "due_at", postgresql_where=text(f"(status in ({OPENED})) is true")),
    )
