"""Births and changes as columns of arrays, which is how one statement takes any number of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from ...application.ports.jobs import Change
from ...domain.spec import Birth
from .rows import backoff_document

NOW = timedelta(0)


def birth_columns(births: Sequence[Birth]) -> dict[str, Any]:
    """Return what `statements.ADD` takes."""
    specs = [birth.spec for birth in births]
    uniques = [spec.unique for spec in specs]
    return {
        "ids": [birth.job_id for birth in births],
        "tasks": [spec.task for spec in specs],
        "queues": [spec.queue for spec in specs],
        "payloads": [spec.payload.decode() for spec in specs],
        "priorities": [spec.priority for spec in specs],
        "run_at": [spec.run_at for spec in specs],
        "delays": [spec.delay or NOW for spec in specs],
        "max_retries": [spec.max_retries for spec in specs],
        "timeouts": [spec.timeout.total_seconds() for spec in specs],
        "backoffs": [backoff_document(spec.backoff) for spec in specs],
        "expires_at": [spec.expires_at for spec in specs],
        "tags": [_array(spec.tags) for spec in specs],
        "unique_keys": [unique and unique.key for unique in uniques],
        "unique_whiles": [unique and unique.held_while.value for unique in uniques],
        "unique_slots": [birth.unique_slot for birth in births],
        "concurrency_keys": [spec.concurrency_key for spec in specs],
        "user_ids": [birth.user_id for birth in births],
        "parent_ids": [birth.parent_id for birth in births],
        "traceparents": [spec.traceparent for spec in specs],
    }


def change_columns(changes: Sequence[Change]) -> dict[str, Any]:
    """Return what `statements.CHANGE` and `CHANGE_PAYLOAD` take."""
    before = [change.before for change in changes]
    after = [change.after for change in changes]
    return {
        "ids": [job.id for job in before],
        "was_status": [job.status.value for job in before],
        "was_token": [job.lease_token for job in before],
        "was_revision": [job.revision for job in before],
        "was_cancel_requested_at": [job.cancel_requested_at for job in before],
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
        "tags": [_array(job.tags) for job in after],
        "keeps_progress": [change.after.progress == change.before.progress for change in changes],
        "payloads": [change.after.payload.decode() if changes_payload(change) else None for change in changes],
    }


def changes_payload(change: Change) -> bool:
    """Tell whether the payload is another one."""
    return change.after.payload != change.before.payload


def _array(texts: Sequence[str]) -> str:
    """Return texts as PostgreSQL writes an array of them: arrays of arrays would all have to have one length."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"
