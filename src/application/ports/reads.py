"""Looking at jobs without changing them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from ...domain.ids import JobId, UserId, WorkerId
from ...domain.job import Job
from ...domain.outcomes import AttemptOutcome, JobError
from ...domain.status import JobStatus


@attrs.frozen
class JobFilter:
    """Which jobs to look at; an empty tuple does not narrow. `owner` confines to one person's jobs."""

    owner: UserId | None = None
    statuses: tuple[JobStatus, ...] = ()
    queues: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


@attrs.frozen
class Position:
    """A place in the order of (`created_at`, id)."""

    created_at: datetime
    job_id: JobId


@attrs.frozen
class JobPage:
    """One page; `has_more` tells whether jobs follow in the direction of reading."""

    items: tuple[Job, ...]
    has_more: bool
    server_time: datetime


@attrs.frozen
class Attempt:
    """One ended attempt of a job."""

    attempt: int
    outcome: AttemptOutcome
    worker_id: WorkerId | None
    started_at: datetime | None
    finished_at: datetime
    error: JobError | None = None


class JobReads(Protocol):
    """Jobs as they are committed now. Raises `Unavailable` when the database does not answer."""

    async def get(self, job_id: JobId, owner: UserId | None = None) -> tuple[Job, datetime] | None:
        """Return a job and the database's time; `None` if there is none or it is not `owner`'s."""
        ...

    async def page(
        self, where: JobFilter, *, limit: int, after: Position | None = None, oldest_first: bool = False
    ) -> JobPage:
        """Return at most `limit` jobs behind `after`, newest first unless asked otherwise."""
        ...

    async def attempts(self, job_id: JobId) -> Sequence[Attempt]:
        """Return the ended attempts of a job, the successful one included, oldest first."""
        ...
