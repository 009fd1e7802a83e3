"""What a test sees of a job."""

import json
from datetime import datetime
from typing import Any

import attrs

from ..domain.ids import JobId
from ..domain.job import Job
from ..domain.status import JobStatus


@attrs.frozen
class SeenJob:
    """A job as it is now, its documents decoded. `job` has all other facts."""

    job: Job = attrs.field(repr=False)
    id: JobId
    task: str
    queue: str
    status: JobStatus
    payload: dict[str, Any]
    run_at: datetime
    attempt: int
    result: Any
    error: str | None
    """The last attempt's error, as `type: message`."""

    @classmethod
    def of(cls, job: Job) -> "SeenJob":
        """Return what a test sees of `job`."""
        return cls(
            job=job,
            id=job.id,
            task=job.task,
            queue=job.queue,
            status=job.status,
            payload=json.loads(job.payload),
            run_at=job.run_at,
            attempt=job.attempt,
            result=None if job.result is None else json.loads(job.result),
            error=None if job.error is None else f"{job.error.type}: {job.error.message}",
        )


class JobFailed(Exception):
    """A handler failed in a way that it did not ask for; what it raised is this exception's cause."""

    def __init__(self, job: SeenJob) -> None:
        super().__init__(f"attempt {job.attempt} of '{job.task}' {job.payload} failed: {job.error}")
        self.job = job
