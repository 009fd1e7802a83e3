"""From the domain's values to the wire's forms."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from msgspec import UNSET, Raw, UnsetType, structs

from ...application.ports.catalogue import TaskDeclaration
from ...application.ports.reads import DOCUMENTS, Attempt
from ...domain.ids import Json
from ...domain.job import Job
from ...domain.outcomes import JobError
from ...domain.retry import Backoff, Exponential, Fixed
from . import wire

_Shown: TypeAlias = Raw | UnsetType
_NULL = Raw(b"null")


def job(job: Job, *, without: Collection[str] = ()) -> wire.JobOut:
    """Return `job` for the wire; those of its documents that are named in `without` are left out, and named."""
    documents = {name: _document(getattr(job, name), left_out=name in without) for name in DOCUMENTS}
    return wire.JobOut(
        id=str(job.id),
        task=job.task,
        queue=job.queue,
        status=job.status,
        payload=documents["payload"],
        result=documents["result"],
        error=error(job.error),
        priority=job.priority,
        run_at=instant(job.run_at),
        created_at=instant(job.created_at),
        started_at=maybe_instant(job.started_at),
        finished_at=maybe_instant(job.finished_at),
        attempt=job.attempt,
        retry_count=job.retry_count,
        max_retries=job.max_retries,
        backoff=backoff(job.backoff),
        timeout_s=job.timeout.total_seconds(),
        expires_at=maybe_instant(job.expires_at),
        cancel_reason=job.cancel_reason,
        progress=raw(job.progress),
        tags=list(job.tags),
        unique_key=job.unique_key,
        concurrency_key=job.concurrency_key,
        user_id=maybe_id(job.user_id),
        worker_id=maybe_id(job.worker_id),
        lease_expires_at=maybe_instant(job.lease_expires_at),
        cancel_requested=job.cancel_requested_at is not None,
        parent_id=maybe_id(job.parent_id),
        etag=job.etag,
        truncated=[name for name, shown in documents.items() if shown is UNSET],
    )


def job_answer(whole: Job, now: datetime) -> wire.JobAnswer:
    """Return the whole job with the time at which it was so."""
    return wire.JobAnswer(**structs.asdict(job(whole)), server_time=instant(now))


def attempt(attempt: Attempt) -> wire.AttemptOut:
    """Return an attempt for the wire."""
    return wire.AttemptOut(
        attempt.attempt,
        attempt.outcome,
        maybe_id(attempt.worker_id),
        maybe_instant(attempt.started_at),
        instant(attempt.finished_at),
        error(attempt.error),
    )


def task(task: TaskDeclaration) -> wire.TaskOut:
    """Return a declared task for the wire."""
    return wire.TaskOut(
        task.id,
        task.queue,
        task.max_retries,
        backoff(task.backoff),
        _seconds(task.timeout),
        raw(task.payload_schema),
        task.doc,
        None if task.on_dead is None else task.on_dead.task,
    )


def error(error: JobError | None) -> wire.ErrorOut | None:
    """Return an attempt's error for the wire."""
    if error is None:
        return None
    return wire.ErrorOut(error.type, error.message, error.traceback, error.fingerprint)


def backoff(backoff: Backoff | None) -> wire.Backoff | None:
    """Return a retry policy for the wire."""
    match backoff:
        case None:
            return None
        case Fixed(base, jitter):
            return wire.FixedBackoff(base, jitter)
        case Exponential(base, factor, cap, jitter):
            return wire.ExponentialBackoff(base, factor, cap, jitter)
        case _:
            assert_never(backoff)


def instant(moment: datetime) -> str:
    """Return an instant in UTC with microseconds, always of the same width, so that texts sort as times do."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def maybe_instant(moment: datetime | None) -> str | None:
    """Return the same of an instant that may not have come yet."""
    return None if moment is None else instant(moment)


def maybe_id(id: UUID | None) -> str | None:
    """Return an id, if there is one."""
    return None if id is None else str(id)


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def raw(json: Json | None) -> Raw:
    """Return a stored document as it is, `null` where there is none."""
    return _NULL if json is None else Raw(json)


def _document(json: Json | None, *, left_out: bool) -> _Shown:
    return UNSET if left_out and json is not None else raw(json)
