"""What happened to a job, told once it is committed; from these come wake-up signals and cancel signals."""

from datetime import datetime
from typing import TypeAlias

import attrs

from .ids import JobId, WorkerId
from .status import JobStatus


@attrs.frozen
class JobQueued:
    """A job became claimable at `run_at`: it was enqueued, retried or brought forward."""

    job_id: JobId
    queue: str
    priority: int
    run_at: datetime


@attrs.frozen
class CancelRequested:
    """Somebody asked the worker that runs this job to stop."""

    job_id: JobId
    queue: str
    worker_id: WorkerId | None


@attrs.frozen
class JobEdited:
    """A queued job changed."""

    job_id: JobId
    queue: str


@attrs.frozen
class JobEnded:
    """A job reached a final status by somebody's word, not by a worker's."""

    job_id: JobId
    queue: str
    status: JobStatus


JobEvent: TypeAlias = JobQueued | CancelRequested | JobEdited | JobEnded
