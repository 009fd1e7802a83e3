"""Seeing what changes: one look for all who wait for jobs, and a few counters for whole topics."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ...application.ports.watching import Missing, Seen, Sight, Topic
from ...domain.ids import JobId
from ...domain.status import JobStatus
from .engine import Lane
from .errors import translated
from .rows import maybe_utc, utc

# Primary key, one probe an id; `limit` keeps it one, however many ids there are. What is as known stays behind, so that
# a look at which nothing changed carries nothing back.
LOOK = """
select known.id, now(), job.mark, job.status::text, job.queue::text, job.attempt, job.retry_count, job.run_at,
  job.started_at, job.finished_at, job.cancel_requested_at is not null, job.progress::text
from unnest(%(ids)b::uuid[], %(marks)b::text[]) as known (id, mark)
left join lateral (
  select q.status, q.queue, q.attempt, q.retry_count, q.run_at, q.started_at, q.finished_at, q.cancel_requested_at,
    q.progress, concat_ws('-', q.status, q.lease_token, q.revision, hashtextextended(q.progress::text, 0)) as mark
  from equeue.jobs as q
  where q.id = known.id
  limit 1
) as job on true
where job.mark is distinct from known.mark
"""

TABLES = {
    Topic.QUEUES: "equeue.queues",
    Topic.TASKS: "equeue.tasks",
    Topic.BULK_OPERATIONS: "equeue.bulk_operations",
    Topic.DEAD_LETTERS: "equeue.dead_letter_groups",
}


def _changes(table: str, *, also_in_place: bool = True) -> str:
    told = f"'{table}'::regclass"
    in_place = "" if also_in_place else f" - pg_stat_get_tuples_hot_updated({told})"
    return (
        f"pg_stat_get_tuples_inserted({told}) + pg_stat_get_tuples_deleted({told})"
        f" + pg_stat_get_tuples_updated({told}){in_place}"
    )


# PostgreSQL counts what it writes to each table, for autovacuum; to read the counters touches no row. A session hands
# in what it counted a second later, the last of a burst up to ten. A heartbeat updates its job in place (heap-only), a
# transition cannot.
MARKS = f"""
select {_changes("equeue.jobs", also_in_place=False)},
  {", ".join(_changes(table) for table in TABLES.values())}
"""


@attrs.frozen
class PostgresJobWatch:
    """A `JobWatch` on a lane: one statement, one round trip."""

    _lane: Lane

    async def look(self, known: Mapping[JobId, str]) -> Mapping[JobId, Seen]:
        """Return the jobs whose mark is another one than is known."""
        facts = {"ids": list(known), "marks": list(known.values())}
        with translated():
            async with self._lane.connection() as connection:
                cursor = connection.cursor(binary=True)
                await cursor.execute(LOOK, facts)
                rows = await cursor.fetchall()
        return {row[0]: _seen(row) for row in rows}


@attrs.frozen
class PostgresTopicWatch:
    """A `TopicWatch` on a lane."""

    _lane: Lane

    async def marks(self) -> Mapping[Topic, str]:
        """Return a mark for each topic."""
        with translated():
            async with self._lane.connection() as connection:
                cursor = await connection.execute(MARKS)
                counts: Sequence[Any] = await cursor.fetchone() or ()
        return {topic: str(count) for topic, count in zip((Topic.JOBS, *TABLES), counts, strict=True)}


def _seen(row: Sequence[Any]) -> Seen:
    _, now, mark, status, queue, attempt, retry_count, run_at, started_at, finished_at, cancelling, progress = row
    if mark is None:
        return Missing()
    return Sight(
        mark,
        JobStatus(status),
        queue,
        attempt,
        retry_count,
        utc(run_at),
        maybe_utc(started_at),
        maybe_utc(finished_at),
        cancelling,
        None if progress is None else progress.encode(),
        utc(now),
    )
