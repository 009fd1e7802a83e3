"""How it stands with a job or a queue, in PostgreSQL: one look each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from ...domain.explanation import Head, JobFacts, JobSituation, QueueFacts, QueueSituation
from ...domain.ids import UUID, JobId, UserId
from ...domain.limits import Bucket, QueueLimits, Rate
from ...domain.queue import Pause
from ...domain.reasons import Holder
from ...domain.status import JobStatus
from .errors import translated
from .explain_statements import JOB, PLANNING, QUEUE
from .rows import maybe_utc, utc


@attrs.frozen
class PostgresSituations:
    """A `Situations` over what is committed."""

    _engine: AsyncEngine

    async def of_job(self, job_id: JobId, owner: UserId | None = None) -> JobSituation | None:
        """Return how it stands with a job."""
        row = await self._row(JOB, {"job_id": job_id, "owner": owner})
        if row is None:
            return None
        return JobSituation(
            now=utc(row.now),
            job=_job(row),
            queue=_queue(row.queue, row),
            running_of_key=row.running_of_key,
            key_holders=_holders(row.key_holders),
            ahead=row.ahead,
            task_seen_at=maybe_utc(row.task_seen_at),
        )

    async def of_queue(self, name: str, owner: UserId | None = None) -> QueueSituation | None:
        """Return how it stands with a queue."""
        row = await self._row(QUEUE, {"name": name, "owner": owner})
        if row is None or not (row.known or row.has_tasks or (row.speaks and (row.waiting or row.running))):
            return None
        return QueueSituation(
            now=utc(row.now),
            queue=_queue(row.name, row),
            waiting=row.waiting,
            due=row.due,
            next_run_at=maybe_utc(row.next_run_at),
            heads=tuple(Head(*told) for told in row.heads),
            deep=row.deep,
            tells_keys=owner is None,
        )

    async def _row(self, statement: str, facts: Mapping[str, Any]) -> Row[Any] | None:
        with translated():
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql(PLANNING)
                return (await connection.exec_driver_sql(statement, dict(facts))).one_or_none()


def _job(row: Row[Any]) -> JobFacts:
    return JobFacts(
        job_id=row.id,
        task=row.task,
        queue=row.queue,
        status=JobStatus(row.status),
        run_at=utc(row.run_at),
        attempt=row.attempt,
        retry_count=row.retry_count,
        expires_at=maybe_utc(row.expires_at),
        key=row.concurrency_key,
        user_id=row.user_id,
        worker_id=row.worker_id,
        started_at=maybe_utc(row.started_at),
        lease_expires_at=maybe_utc(row.lease_expires_at),
        cancel_requested=row.cancel_requested,
        finished_at=maybe_utc(row.finished_at),
        why=row.why,
    )


def _queue(name: str, row: Row[Any]) -> QueueFacts:
    rate = None
    if row.rate_limit is not None and row.rate_period_s is not None:
        rate = Rate(row.rate_limit, timedelta(seconds=row.rate_period_s), row.rate_burst)
    kept = row.rate_tokens is not None and row.rate_at is not None
    return QueueFacts(
        name=name,
        limits=QueueLimits(row.max_running, row.max_running_per_key, rate, row.max_depth, row.oldest_share),
        pause=_pause(row),
        bucket=Bucket(row.rate_tokens, utc(row.rate_at)) if kept else None,
        running=row.running,
        holders=_holders(row.holders),
        seen_at=maybe_utc(row.seen_at),
    )


def _pause(row: Row[Any]) -> Pause | None:
    if row.paused_at is None:
        return None
    until = maybe_utc(row.paused_until)
    return Pause(utc(row.paused_at), row.paused_by_user, row.paused_by_key, row.pause_reason, until)


def _holders(told: Sequence[Sequence[str | None]]) -> tuple[Holder, ...]:
    return tuple(
        Holder(UUID(job_id), UUID(worker_id), None if since is None else utc(datetime.fromisoformat(since)))
        for job_id, worker_id, since in told
        if job_id is not None and worker_id is not None
    )
