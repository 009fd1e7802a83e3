"""What happened to jobs, in memory: told as a transaction is committed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

import attrs

from ...application.ports.reads import Attempt
from ...domain.histogram import Histogram
from ...domain.ids import JobId, UserId
from ...domain.job import Job
from ...domain.lease import Fence
from ...domain.statistics import FAILURES, MINUTE, NOTHING, Figures, beginning
from ...domain.status import JobStatus


@attrs.frozen
class Place:
    """Where figures are kept."""

    at: datetime
    step: timedelta
    queue: str
    task: str
    owner: UserId | None


Kept: TypeAlias = dict[Place, Figures]


def tell(
    kept: Kept, now: datetime, before: Mapping[JobId, Job], after: Mapping[JobId, Job], ended: Mapping[Fence, Attempt]
) -> None:
    """Count what a transaction that began `now` does to jobs, of which those `after` are what it writes."""
    for job_id, job in after.items():
        _add(kept, now, job, _moved(before.get(job_id), job))
    for fence, attempt in ended.items():
        was = before[fence.job_id]
        _add(kept, now, was, _attempted(was, attempt, back=after[fence.job_id].status is JobStatus.QUEUED))


def _add(kept: Kept, now: datetime, job: Job, figures: Figures) -> None:
    if figures != NOTHING:
        place = Place(beginning(now, MINUTE), MINUTE, job.queue, job.task, job.user_id)
        kept[place] = kept.get(place, NOTHING) + figures


def _moved(before: Job | None, job: Job) -> Figures:
    if before is None:
        return Figures(enqueued=1)
    if job.status is before.status:
        return NOTHING
    return Figures(
        succeeded=int(job.status is JobStatus.SUCCEEDED),
        dead=int(job.status is JobStatus.DEAD),
        cancelled=int(job.status is JobStatus.CANCELLED),
    )


def _attempted(job: Job, attempt: Attempt, *, back: bool) -> Figures:
    failed = attempt.outcome in FAILURES
    started_at = attempt.started_at
    told = Figures(failed=int(failed), retried=int(failed and back))
    if started_at is None:
        return told
    waits, runs = Histogram.of([started_at - job.run_at]), Histogram.of([attempt.finished_at - started_at])
    return attrs.evolve(told, waits=waits, runs=runs)
