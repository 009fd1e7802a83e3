"""Between rows and the values of the domain."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from ...application.ports.reads import Attempt
from ...domain.ids import Json
from ...domain.job import Job
from ...domain.lease import Claim, Fence
from ...domain.outcomes import AttemptOutcome, JobError
from ...domain.spec import UniqueWhile
from ...domain.status import JobStatus
from .backoffs import backoff_of


def claim_of(row: Sequence[Any]) -> Claim:
    """Return the claim in a row of `statements.CLAIM_COLUMNS`."""
    return Claim(
        fence=Fence(row[0], row[1]),
        task=row[2],
        queue=row[3],
        payload=row[4].encode(),
        attempt=row[5],
        retry_count=row[6],
        max_retries=row[7],
        backoff=backoff_of(row[8]),
        timeout=timedelta(seconds=row[9]),
        begun=row[10],
        lapse_count=row[11],
        cancel_requested=row[12],
        priority=row[13],
        created_at=utc(row[14]),
        run_at=utc(row[15]),
        lease_expires_at=utc(row[16]),
        worker_id=row[17],
        tags=tuple(row[18]),
        user_id=row[19],
        parent_id=row[20],
        traceparent=row[21],
    )


def job_of(row: Row[Any]) -> Job:
    """Return the job in a row of all columns of `JobRow`."""
    return Job(
        id=row.id,
        task=row.task,
        queue=row.queue,
        status=JobStatus(row.status),
        payload=row.payload,
        priority=row.priority,
        run_at=utc(row.run_at),
        created_at=utc(row.created_at),
        max_retries=row.max_retries,
        timeout=timedelta(seconds=row.timeout_s),
        result=row.result,
        error=error_of(row.error),
        started_at=maybe_utc(row.started_at),
        finished_at=maybe_utc(row.finished_at),
        attempt=row.attempt,
        retry_count=row.retry_count,
        lapse_count=row.lapse_count,
        backoff=backoff_of(row.backoff),
        expires_at=maybe_utc(row.expires_at),
        cancel_requested_at=maybe_utc(row.cancel_requested_at),
        cancel_reason=row.cancel_reason,
        progress=row.progress,
        tags=tuple(row.tags),
        unique_key=row.unique_key,
        unique_while=UniqueWhile(row.unique_while) if row.unique_while else None,
        unique_slot=row.unique_slot,
        concurrency_key=row.concurrency_key,
        user_id=row.user_id,
        parent_id=row.parent_id,
        worker_id=row.worker_id,
        lease_token=row.lease_token,
        lease_expires_at=maybe_utc(row.lease_expires_at),
        traceparent=row.traceparent,
        revision=row.revision,
    )


def attempt_of(row: Row[Any]) -> Attempt:
    """Return the attempt in a row of `AttemptRow`."""
    return Attempt(
        row.attempt,
        AttemptOutcome(row.outcome),
        row.worker_id,
        maybe_utc(row.started_at),
        utc(row.finished_at),
        error_of(row.error),
    )


def utc(instant: datetime) -> datetime:
    """Return the instant in UTC; behind a pooler the session's time zone is anybody's."""
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def maybe_utc(instant: datetime | None) -> datetime | None:
    """Return the instant, if there is one, in UTC."""
    return None if instant is None else utc(instant)


def error_of(document: Json | None) -> JobError | None:
    """Return the error that a column holds."""
    if document is None:
        return None
    facts = json.loads(document)
    return JobError(facts["type"], facts.get("message", ""), facts.get("traceback", ""), facts.get("fingerprint", ""))


def error_document(error: JobError | None) -> str | None:
    """Return what a column holds of an error, made storable whatever its text."""
    if error is None:
        return None
    safe = JobError.of(error.type, error.message, error.traceback, error.fingerprint)
    facts = {
        "type": safe.type,
        "message": safe.message,
        "traceback": safe.traceback,
        "fingerprint": safe.fingerprint,
    }
    return json.dumps(facts, ensure_ascii=False)
