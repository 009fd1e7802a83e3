"""From tasks and arguments to stored jobs: the one course that every way of enqueuing from Python takes."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ParamSpec, TypeAlias, overload

import attrs

from ...adapters.codec import MsgspecCodec
from ...adapters.postgres.backoffs import backoff_of
from ...adapters.postgres.insertion import Holder, NewRow, Query, Rows, declared, inserting, new_row
from ...adapters.system import SystemClock, UuidV7Ids
from ...adapters.telemetry.joining import joined_trace
from ...application.new_jobs import EnqueuedJob, EnqueueOutcome, NewJob, NewJobs
from ...application.options import TaskLike
from ...application.ports.catalogue import TaskDeclaration
from ...application.tasks import Task
from ...domain.spec import JobSpec, OnConflict

P = ParamSpec("P")

SET_JOBS = 1_000
SET_BYTES = 4 * 1024 * 1024
"""No statement carries more jobs or, but for a single job, more payload than this."""

_clock = SystemClock()
_ids = UuidV7Ids()
compose = NewJobs(MsgspecCodec(), _clock, joined_trace).make


@overload
def new_job(task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> NewJob: ...
@overload
def new_job(task: Task | str, payload: Mapping[str, Any] = ..., /) -> NewJob: ...
def new_job(task: Any, /, *args: Any, **payload: Any) -> NewJob:
    """Return a job for `enqueue_many`: checked now, stored there.

    Raises `PayloadInvalid` if the arguments do not fit the task's signature.
    """
    return compose(task, args, payload)


@attrs.frozen
class Stored:
    """What came of each job, and the queues in which a new one is due."""

    answers: list[EnqueuedJob]
    due: frozenset[str]


Storing: TypeAlias = Generator[Query, Rows, Stored]


def storing(jobs: Sequence[NewJob]) -> Storing:
    """Store jobs, in as many statements as they need."""
    known = yield from _completing(jobs)
    answers: list[EnqueuedJob] = []
    for part in sets_of(known):
        rows = [row_of(job) for job in part]
        answers += enqueued(rows, (yield from inserting(rows)))
    return Stored(answers, due_queues(known, answers))


def sets_of(jobs: Sequence[NewJob]) -> Iterator[Sequence[NewJob]]:
    """Split jobs into sets of bounded number and size."""
    start, size = 0, 0
    for place, job in enumerate(jobs):
        size += len(job.payload)
        if place > start and (place - start == SET_JOBS or size > SET_BYTES):
            yield jobs[start:place]
            start, size = place, len(job.payload)
    if start < len(jobs):
        yield jobs[start:]


def row_of(job: NewJob) -> NewRow:
    """Return the row of a job, with a fresh identity."""
    return new_row(_ids.new(), job.spec, job.payload, owner=None)


def enqueued(rows: Sequence[NewRow], holders: Sequence[Holder]) -> list[EnqueuedJob]:
    """Return the answers as callers read them."""
    return [_enqueued(row, holder) for row, holder in zip(rows, holders, strict=True)]


def due_queues(jobs: Sequence[NewJob], answers: Sequence[object]) -> frozenset[str]:
    """Return the queues in which a worker could start one of these jobs now."""
    return frozenset(
        job.spec.queue
        for job, answer in zip(jobs, answers, strict=True)
        if isinstance(answer, EnqueuedJob) and answer.created and _is_due(job.spec)
    )


def declarations(rows: Rows) -> dict[str, TaskDeclaration]:
    """Return what workers declared, by task."""
    return {
        row[0]: TaskDeclaration(
            row[0], row[1], row[2], backoff_of(row[4]), None if row[3] is None else timedelta(seconds=row[3])
        )
        for row in rows
    }


def _completing(jobs: Sequence[NewJob]) -> Generator[Query, Rows, Sequence[NewJob]]:
    named = {job.spec.task for job in jobs if job.wishes is not None}
    if not named:
        return jobs
    known = declarations((yield declared(named)))
    return [job.completed(known.get(job.spec.task)) for job in jobs]


def _is_due(spec: JobSpec) -> bool:
    return not spec.delay and (spec.run_at is None or spec.run_at <= _clock.now())


def _enqueued(row: NewRow, holder: Holder) -> EnqueuedJob:
    if holder is None:
        return EnqueuedJob(row.job_id, EnqueueOutcome.CREATED)
    rejected = row.on_conflict is OnConflict.REJECT
    return EnqueuedJob(holder, EnqueueOutcome.REJECTED if rejected else EnqueueOutcome.EXISTING)
