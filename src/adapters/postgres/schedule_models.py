"""The tables of schedules: what is set, how far each has come, and which fire times made a job."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.ids import UUID
from ...domain.retry import MAX_RETRIES
from ...domain.schedule import (
    CRON_CHARS,
    LONGEST_JITTER,
    LONGEST_PERIOD,
    MADE_UP,
    MOST_MADE_UP,
    SHORTEST_PERIOD,
    ZONE_CHARS,
    CatchUp,
    Overlap,
)
from ...domain.spec import DEFAULT_PRIORITY, LONGEST_TIMEOUT, LOWEST_PRIORITY, SHORTEST_TIMEOUT
from . import columns as kind
from .mapping import NOW, Model, rule

PERIODS = f"{SHORTEST_PERIOD.total_seconds():g} and {LONGEST_PERIOD.total_seconds():.0f}"
TIMEOUTS = f"{SHORTEST_TIMEOUT.total_seconds():g} and {LONGEST_TIMEOUT.total_seconds():g}"
DUE = "paused_at is null and next_at is not null"


class ScheduleRow(Model):
    """A schedule. A pass of maintenance moves `next_at`, people and code all else but `last_fire_at` and `failure`."""

    __tablename__ = "schedules"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=kind.UUID7)
    name: Mapped[str] = mapped_column(kind.NAME)
    cron: Mapped[str | None]
    zone: Mapped[str] = mapped_column(server_default="UTC")
    every_s: Mapped[float | None]
    anchor: Mapped[datetime] = mapped_column(server_default=NOW)
    task: Mapped[str] = mapped_column(kind.NAME)
    payload: Mapped[bytes] = mapped_column(kind.PAYLOAD, server_default="{}")
    queue: Mapped[str | None] = mapped_column(kind.NAME)
    priority: Mapped[int] = mapped_column(server_default=text(str(DEFAULT_PRIORITY)))
    max_retries: Mapped[int | None]
    backoff: Mapped[bytes | None] = mapped_column(kind.BACKOFF_POLICY)
    timeout_s: Mapped[float | None]
    tags: Mapped[list[str]] = mapped_column(kind.TAG_SET, server_default="{}")
    concurrency_key: Mapped[str | None] = mapped_column(kind.KEY)
    overlap: Mapped[Overlap] = mapped_column(kind.OVERLAP, server_default=Overlap.SKIP)
    catch_up: Mapped[CatchUp] = mapped_column(kind.CATCH_UP, server_default=CatchUp.LAST)
    catch_up_limit: Mapped[int] = mapped_column(server_default=text(str(MADE_UP)))
    jitter_s: Mapped[float] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None]
    last_fire_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None] = mapped_column(kind.KEY)
    pause_reason: Mapped[str | None]
    failure: Mapped[str | None]
    managed_by_code: Mapped[bool] = mapped_column(server_default=text("false"))
    user_id: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)

    __table_args__ = (
        rule("rhythm_is_cron_or_every", "(cron is null) <> (every_s is null)"),
        rule(f"cron_is_1_to_{CRON_CHARS}_characters", f"char_length(cron) between 1 and {CRON_CHARS}"),
        rule(f"zone_is_1_to_{ZONE_CHARS}_characters", f"char_length(zone) between 1 and {ZONE_CHARS}"),
        rule("every_is_a_tenth_of_a_second_to_366_days", f"every_s between {PERIODS}"),
        rule("priority_is_0_to_9", f"priority between 0 and {LOWEST_PRIORITY}"),
        rule("max_retries_is_0_to_1000", f"max_retries between 0 and {MAX_RETRIES}"),
        rule("timeout_is_a_tenth_of_a_second_to_a_day", f"timeout_s between {TIMEOUTS}"),
        rule("catch_up_limit_is_1_to_1000", f"catch_up_limit between 1 and {MOST_MADE_UP}"),
        rule("jitter_is_at_most_a_day", f"jitter_s between 0 and {LONGEST_JITTER.total_seconds():.0f}"),
        rule("pause_is_whole", "paused_at is not null or (paused_by is null and pause_reason is null)"),
        rule("pause_reason_is_at_most_1000_characters", "char_length(pause_reason) <= 1000"),
        rule("failed_means_no_next", "failure is null or next_at is null"),
        rule("failure_is_at_most_1000_characters", "char_length(failure) <= 1000"),
        rule("revision_is_not_negative", "revision >= 0"),
        Index("uq_schedules_name", "name", unique=True),
        Index("ix_schedules_next_at", "next_at", postgresql_where=text(DUE)),
    )


class ScheduleFireRow(Model):
    """A fire time that made a job. What is not asked for by hand is there once for each schedule and fire time."""

    __tablename__ = "schedule_fires"

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey(ScheduleRow.id, ondelete="CASCADE"))
    fire_at: Mapped[datetime]
    manual: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        Index(
            "uq_schedule_fires_schedule_id_fire_at",
            "schedule_id",
            "fire_at",
            unique=True,
            postgresql_where=text("not manual"),
        ),
        Index("ix_schedule_fires_schedule_id_fire_at", "schedule_id", "fire_at"),
        Index("ix_schedule_fires_fire_at", "fire_at"),
    )
