"""The tables of statistics: what happened and is not folded in yet, and what happened by minutes and hours."""
# ruff: noqa: S608 - what is put into the texts are the words of the domain, never what anybody sent

from datetime import datetime, timedelta

from sqlalchemy import Identity, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, SMALLINT
from sqlalchemy.orm import Mapped, mapped_column

from ...domain.histogram import EDGES
from ...domain.ids import UUID
from ...domain.statistics import START, Period
from . import columns as kind
from .mapping import Model

NOBODY = UUID(int=0)
"""Stands for the owner of jobs that have none, so that it can be a part of a key."""

ORIGIN = f"'{START:%Y-%m-%d %H:%M:%S}+00'::timestamptz"
MINUTE = f"date_bin('1 minute', now(), {ORIGIN})"
"""The minute of the transaction: that of a job's `created_at` or `finished_at`, which are its beginning too."""


class Counted:
    """What happened: see `domain.statistics.Figures`."""

    enqueued: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    succeeded: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    dead: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    cancelled: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))
    retried: Mapped[int] = mapped_column(BIGINT, server_default=text("0"))


COUNTERS = ("enqueued", "succeeded", "dead", "cancelled", "failed", "retried")


class StatsChangeRow(Counted, Model):
    """What one statement did to jobs of one queue, task and owner, told by that statement.

    Rows are only added, so nobody waits for anybody; a maintenance pass folds them into the rollups. `waits` and
    `runs` name a bucket for each attempt.
    """

    __tablename__ = "stats_changes"

    id: Mapped[int] = mapped_column(BIGINT, Identity(), primary_key=True)
    at: Mapped[datetime]
    queue: Mapped[str] = mapped_column(kind.NAME)
    task: Mapped[str] = mapped_column(kind.NAME)
    user_id: Mapped[UUID]
    waits: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT), server_default="{}")
    runs: Mapped[list[int]] = mapped_column(ARRAY(SMALLINT), server_default="{}")


class StatsRollupRow(Counted, Model):
    """What happened to jobs of one queue, task and owner in the minute or hour that began at `at`.

    `waits` and `runs` are histograms without their empty buckets: each number is a count · 256 + its bucket.
    """

    __tablename__ = "stats_rollups"

    at: Mapped[datetime] = mapped_column(primary_key=True)
    period: Mapped[Period] = mapped_column(kind.STATS_PERIOD, primary_key=True)
    queue: Mapped[str] = mapped_column(kind.NAME, primary_key=True)
    task: Mapped[str] = mapped_column(kind.NAME, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    waits: Mapped[list[int]] = mapped_column(ARRAY(BIGINT), server_default="{}")
    runs: Mapped[list[int]] = mapped_column(ARRAY(BIGINT), server_default="{}")

    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)


_EDGES = ", ".join(f"{edge // timedelta(microseconds=1) / 1e6:.6f} s" for edge in EDGES)

BUCKET_FUNCTION = f"""
create function equeue.duration_bucket(duration interval) returns smallint language sql immutable parallel safe
return width_bucket(duration, '{{{_EDGES}}}'::interval[])::smallint
"""
"""The bucket of a duration, as `domain.histogram.bucket_of` says."""

MERGE_FUNCTION = """
create function equeue.merged_durations(counted bigint[]) returns bigint[] language sql immutable parallel safe
return (
  select coalesce(array_agg(bucket.jobs * 256 + bucket.place order by bucket.place), '{}')
  from (
    select packed & 255 as place, sum(packed >> 8)::bigint as jobs
    from unnest(counted) as packed
    group by packed & 255
  ) as bucket
)
"""
"""Two histograms, one behind the other, as one."""

ENQUEUED_FUNCTION = f"""
create function equeue.count_enqueued() returns trigger language plpgsql security definer
set search_path to 'pg_catalog', 'pg_temp' as $$
begin
  insert into equeue.stats_changes (at, queue, task, user_id, enqueued)
  select date_bin('1 minute', least(born.created_at, now()), {ORIGIN}), born.queue,
    born.task, coalesce(born.user_id, '{NOBODY}'), count(*)
  from born
  group by 1, 2, 3, 4;
  return null;
end
$$
"""
"""Counts whoever inserts, also plain SQL, which needs no right to anything but the jobs."""

FUNCTIONS = (BUCKET_FUNCTION, MERGE_FUNCTION, ENQUEUED_FUNCTION)

TRIGGERS = (
    """
create trigger jobs_enqueued after insert on equeue.jobs referencing new table as born
for each statement execute function equeue.count_enqueued()
""",
)
