"""People's moves: one statement for any number of them, and the columns of arrays that it takes."""
# ruff: noqa: S608 - what is put into the texts are parts of them

from collections.abc import Sequence
from typing import Any

from ...application.ports.jobs import Change
from ...domain.job import Job
from . import counting
from .arrays import array_text

# The facts on which the decision about each job stood.
_STOOD_ON = """unnest(%(ids)b::uuid[]),
    unnest(%(was_status)b::text[]),
    unnest(%(was_token)b::bigint[]),
    unnest(%(was_revision)b::integer[]),
    unnest(%(was_cancel_requested_at)b::timestamptz[])"""

# A job that is as it was then. Primary key.
_UNMOVED = """where j.id = any(%(ids)b::uuid[])
  and j.id = wish.id
  and j.lease_token = wish.was_token
  and j.revision = wish.was_revision
  and j.cancel_requested_at is not distinct from wish.was_cancel_requested_at
  and coalesce(j.status = wish.was_status::equeue.job_status, false)
returning j.id"""

_CHANGE = f"""
with moved as (
update equeue.jobs as j
set status = wish.status::equeue.job_status,
    queue = wish.queue,
    priority = wish.priority,
    run_at = wish.run_at,
    max_retries = wish.max_retries,
    retry_count = wish.retry_count,
    lapse_count = wish.lapse_count,
    revision = wish.revision,
    started_at = case when wish.keeps_start then j.started_at end,
    finished_at = wish.finished_at,
    expires_at = wish.expires_at,
    cancel_requested_at = wish.cancel_requested_at,
    cancel_reason = wish.cancel_reason,
    unique_slot = wish.unique_slot,
    tags = wish.tags::text[],
    progress = case when wish.keeps_progress then j.progress end{{payload}}
from rows from (
    {_STOOD_ON},
    unnest(%(statuses)b::text[]),
    unnest(%(queues)b::text[]),
    unnest(%(priorities)b::smallint[]),
    unnest(%(run_at)b::timestamptz[]),
    unnest(%(max_retries)b::integer[]),
    unnest(%(retry_counts)b::integer[]),
    unnest(%(lapse_counts)b::integer[]),
    unnest(%(revisions)b::integer[]),
    unnest(%(keeps_start)b::boolean[]),
    unnest(%(finished_at)b::timestamptz[]),
    unnest(%(expires_at)b::timestamptz[]),
    unnest(%(cancel_requested_at)b::timestamptz[]),
    unnest(%(cancel_reasons)b::text[]),
    unnest(%(unique_slots)b::text[]),
    unnest(%(tags)b::text[]),
    unnest(%(keeps_progress)b::boolean[]),
    unnest(%(payloads)b::text[]),
    generate_series(1, %(count)b)
  ) as wish (id, was_status, was_token, was_revision, was_cancel_requested_at, status, queue, priority, run_at,
    max_retries, retry_count, lapse_count, revision, keeps_start, finished_at, expires_at, cancel_requested_at,
    cancel_reason, unique_slot, tags, keeps_progress, payload, place)
{_UNMOVED}, j.status, wish.was_status as was, j.queue, j.task, j.user_id
),
counted as ({counting.CANCELLED})
select moved.id from moved
"""

# People's moves, each only if its job is as it was when it was decided on. What heartbeats write (the start, the
# progress) no move sets, some clear it. Primary key.
CHANGE = _CHANGE.format(payload="")

# The same with a new payload; apart, because the rules on a payload are checked again when it is written.
CHANGE_PAYLOAD = _CHANGE.format(payload=",\n    payload = wish.payload::jsonb")

# Ended jobs that are forgotten, each only if it is as it was when that was decided. Their attempts go with them.
# Primary key.
REMOVE = f"""
delete from equeue.jobs as j
using rows from (
    {_STOOD_ON},
    generate_series(1, %(count)b)
  ) as wish (id, was_status, was_token, was_revision, was_cancel_requested_at, place)
{_UNMOVED}
"""


def facts_columns(before: Sequence[Job]) -> dict[str, Any]:
    """Return what `REMOVE` takes: the facts that a decision about these jobs stood on."""
    return {
        "count": len(before),
        "ids": [job.id for job in before],
        "was_status": [job.status.value for job in before],
        "was_token": [job.lease_token for job in before],
        "was_revision": [job.revision for job in before],
        "was_cancel_requested_at": [job.cancel_requested_at for job in before],
    }


def change_columns(changes: Sequence[Change]) -> dict[str, Any]:
    """Return what `statements.CHANGE` and `CHANGE_PAYLOAD` take."""
    after = [change.after for change in changes]
    return {
        **facts_columns([change.before for change in changes]),
        "statuses": [job.status.value for job in after],
        "queues": [job.queue for job in after],
        "priorities": [job.priority for job in after],
        "run_at": [job.run_at for job in after],
        "max_retries": [job.max_retries for job in after],
        "retry_counts": [job.retry_count for job in after],
        "lapse_counts": [job.lapse_count for job in after],
        "revisions": [job.revision for job in after],
        "keeps_start": [change.after.started_at == change.before.started_at for change in changes],
        "finished_at": [job.finished_at for job in after],
        "expires_at": [job.expires_at for job in after],
        "cancel_requested_at": [job.cancel_requested_at for job in after],
        "cancel_reasons": [job.cancel_reason for job in after],
        "unique_slots": [job.unique_slot for job in after],
        "tags": [array_text(job.tags) for job in after],
        "keeps_progress": [change.after.progress == change.before.progress for change in changes],
        "payloads": [change.after.payload.decode() if changes_payload(change) else None for change in changes],
    }


def changes_payload(change: Change) -> bool:
    """Tell whether the payload is another one."""
    return change.after.payload != change.before.payload
