"""Looking at jobs in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import ColumnElement, Row, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from ...application.ports.reads import Attempt, JobFilter, JobPage, Position
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.outcomes import AttemptOutcome
from ...domain.status import JobStatus
from .errors import translated
from .models import AttemptRow, JobRow
from .rows import attempt_of, job_of, utc

_JOB = select(*JobRow.__table__.columns)
_ATTEMPTS = select(*AttemptRow.__table__.columns).order_by(AttemptRow.lease_token)


@attrs.frozen
class PostgresJobReads:
    """A `JobReads` over what is committed."""

    _engine: AsyncEngine

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the database's time, if it is there and `owner` may see it."""
        asked = _JOB.add_columns(func.now().label("server_time")).where(JobRow.id == job_id)
        if owner is not None:
            asked = asked.where(JobRow.user_id == owner)
        row: Row[Any] | None
        with translated():
            async with self._engine.connect() as connection:
                row = (await connection.execute(asked)).one_or_none()
        return None if row is None else (job_of(row), utc(row.server_time))

    async def page(
        self, where: JobFilter, *, limit: int, after: Position | None = None, oldest_first: bool = False
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`; one more is asked for, to know whether there are more."""
        asked = _JOB.where(*_conditions(where))
        place = tuple_(JobRow.created_at, JobRow.id)
        if after is not None:
            mark = tuple_(after.created_at, after.job_id)
            asked = asked.where(place > mark if oldest_first else place < mark)
        order = (JobRow.created_at, JobRow.id) if oldest_first else (JobRow.created_at.desc(), JobRow.id.desc())
        with translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(asked.order_by(*order).limit(limit + 1))).all()
                server_time = (await connection.execute(select(func.now()))).scalar_one()
        return JobPage(tuple(job_of(row) for row in rows[:limit]), len(rows) > limit, utc(server_time))

    async def attempts(self, job_id: JobId) -> Sequence[Attempt]:
        """Return the ended attempts of a job, oldest first; the successful one is told from the job itself."""
        with translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(_ATTEMPTS.where(AttemptRow.job_id == job_id))).all()
                job = (await connection.execute(_JOB.where(JobRow.id == job_id))).one_or_none()
        recorded = [attempt_of(row) for row in rows]
        return recorded if job is None else recorded + _success(job_of(job))


def _conditions(where: JobFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.owner is not None:
        conditions.append(JobRow.user_id == where.owner)
    if where.statuses:
        conditions.append(JobRow.status.in_(where.statuses))
    if where.queues:
        conditions.append(JobRow.queue.in_(where.queues))
    if where.tasks:
        conditions.append(JobRow.task.in_(where.tasks))
    return conditions


def _success(job: Job) -> list[Attempt]:
    if job.status is not JobStatus.SUCCEEDED or job.finished_at is None:
        return []
    return [Attempt(job.attempt, AttemptOutcome.SUCCEEDED, job.worker_id, job.started_at, job.finished_at)]
