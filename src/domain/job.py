"""The Job aggregate: its birth, and the moves that people make; a worker's moves are in `settlement`."""

from datetime import datetime, timedelta
from typing import Any, Self

import attrs

from .errors import InvalidJob, InvalidTransition, StaleEdit, Violation
from .events import CancelRequested, JobEdited, JobEnded, JobEvent, JobQueued
from .ids import JobId, Json, UserId, WorkerId
from .lease import Fence
from .outcomes import JobError, storable
from .retry import Backoff
from .spec import PAYLOAD_BYTES, REASON_CHARS, Birth, JobSpec, OnConflict, Unique, UniqueWhile, check
from .status import JobStatus
from .transitions import Event, follow

NOW = timedelta(0)
EXPIRED = "expired"


@attrs.frozen(kw_only=True)
class Job:
    """One request to run a task, with all that became of it. Every move returns a new job and what happened."""

    id: JobId
    task: str
    queue: str
    status: JobStatus
    payload: Json
    priority: int
    run_at: datetime
    created_at: datetime
    max_retries: int
    timeout: timedelta
    result: Json | None = None
    error: JobError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    retry_count: int = 0
    lapse_count: int = 0
    backoff: Backoff | None = None
    expires_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cancel_reason: str | None = None
    progress: Json | None = None
    tags: tuple[str, ...] = ()
    unique_key: str | None = None
    unique_while: UniqueWhile | None = None
    unique_slot: str | None = None
    concurrency_key: str | None = None
    user_id: UserId | None = None
    parent_id: JobId | None = None
    worker_id: WorkerId | None = None
    lease_token: int = 0
    lease_expires_at: datetime | None = None
    traceparent: str | None = None
    revision: int = 0

    @classmethod
    def born(cls, birth: Birth, now: datetime) -> Self:
        """Return the job that `birth` asks for, at the instant `now` of the clock that schedules it."""
        spec = birth.spec
        return cls(
            id=birth.job_id,
            status=follow(None, Event.ENQUEUE),
            task=spec.task,
            queue=spec.queue,
            payload=spec.payload,
            priority=spec.priority,
            run_at=spec.run_at or now + (spec.delay or NOW),
            created_at=now,
            max_retries=spec.max_retries,
            timeout=spec.timeout,
            backoff=spec.backoff,
            expires_at=spec.expires_at,
            tags=spec.tags,
            unique_key=spec.unique.key if spec.unique else None,
            unique_while=spec.unique.held_while if spec.unique else None,
            unique_slot=birth.unique_slot,
            concurrency_key=spec.concurrency_key,
            user_id=birth.user_id,
            parent_id=birth.parent_id,
            traceparent=spec.traceparent,
        )

    @property
    def etag(self) -> str:
        """Return a value that differs whenever an edit, a claim or an end came between."""
        return f"{self.status}-{self.lease_token}-{self.revision}"

    @property
    def fence(self) -> Fence:
        """Return the fence of the present or last lease."""
        return Fence(self.id, self.lease_token)

    def queued(self) -> JobQueued:
        """Return the event that tells workers of this queued job."""
        return JobQueued(self.id, self.queue, self.priority, self.run_at)

    def cancel(self, now: datetime, reason: str | None = None) -> tuple[Self, list[JobEvent]]:
        """Cancel at once what is queued, ask the worker of what is running, repeat harmlessly what is cancelled.

        Raises `AlreadyFinished` for a job that succeeded or died, `InvalidJob` for a reason that nobody reads.
        """
        if reason is not None and len(reason) > REASON_CHARS:
            raise InvalidJob((Violation("/reason", f"must have at most {REASON_CHARS} characters", "range"),))
        reason = None if reason is None else storable(reason)
        if self.status is JobStatus.CANCELLED:
            return self, []
        if self.status is JobStatus.RUNNING:
            return self._request_cancel(now, reason)
        return self._end(Event.CANCEL, now, reason)

    def expire(self, now: datetime) -> tuple[Self, list[JobEvent]]:
        """Cancel a job that was not started by its `expires_at`."""
        if self.expires_at is None or self.expires_at > now:
            return self, []
        return self._end(Event.EXPIRE, now, EXPIRED)

    def retry(self, now: datetime) -> tuple[Self, list[JobEvent]]:
        """Queue a dead or cancelled job again, due now, its retry budget restored.

        The attempts and the lease token are kept: no late write of an earlier holder can ever fit the new run.
        An expiry that has passed is dropped, for the operator's word is newer.
        """
        job = self._moved(
            Event.MANUAL_RETRY,
            run_at=now,
            retry_count=0,
            lapse_count=0,
            finished_at=None,
            started_at=None,
            cancel_requested_at=None,
            cancel_reason=None,
            progress=None,
            expires_at=self.expires_at if self.expires_at and self.expires_at > now else None,
        )
        return job, [job.queued()]

    def run_now(self, now: datetime) -> tuple[Self, list[JobEvent]]:
        """Make a queued job due at once; one that is due already stays as it is, with the tag that its reader has."""
        job = self._moved(Event.RUN_NOW, run_at=min(self.run_at, now))
        return (self, []) if self.run_at <= now else (job, [job.queued()])

    def again(self, now: datetime) -> JobSpec:
        """Return the request for a copy, whatever became of this job: due at once, with a full retry budget.

        What belongs to the one run is not copied: when it was due, an expiry that has passed, its trace. A unique key
        is asked for as this job had it; while another holds it, perhaps this very job, the copy is refused.
        """
        key, held_while = self.unique_key, self.unique_while
        return JobSpec(
            task=self.task,
            payload=self.payload,
            queue=self.queue,
            priority=self.priority,
            max_retries=self.max_retries,
            backoff=self.backoff,
            timeout=self.timeout,
            expires_at=self.expires_at if self.expires_at and self.expires_at > now else None,
            tags=self.tags,
            unique=Unique(key, held_while, OnConflict.REJECT) if key and held_while else None,
            concurrency_key=self.concurrency_key,
        )

    def delete(self) -> None:
        """Raise `InvalidTransition` unless the job has ended: what may still run is not deleted, but cancelled."""
        if not self.status.ended:
            raise InvalidTransition(self.status, "delete")

    def edit(self, edit: "JobEdit", etag: str) -> tuple[Self, list[JobEvent]]:
        """Change a queued job; raise `StaleEdit` if it is not as it was when `etag` was read.

        Raises `InvalidJob` for a budget smaller than the retries that were used already.
        """
        if etag != self.etag:
            raise StaleEdit(self.id)
        if edit.max_retries is not None and edit.max_retries < self.retry_count:
            used = f"must be at least {self.retry_count}, for so many retries were used already"
            raise InvalidJob((Violation("/max_retries", used, "range"),))
        job = self._moved(Event.EDIT, **edit.changes())
        return job, [JobEdited(job.id, job.queue), job.queued()]

    def _request_cancel(self, now: datetime, reason: str | None) -> tuple[Self, list[JobEvent]]:
        if self.cancel_requested_at is not None:
            return self, []
        job = self._moved(Event.REQUEST_CANCEL, cancel_requested_at=now, cancel_reason=reason)
        return job, [CancelRequested(job.id, job.queue, job.worker_id)]

    def _end(self, event: Event, now: datetime, reason: str | None) -> tuple[Self, list[JobEvent]]:
        job = self._moved(event, finished_at=now, cancel_reason=reason, unique_slot=None)
        return job, [JobEnded(job.id, job.queue, job.status)]

    def _moved(self, event: Event, **changes: Any) -> Self:
        status = follow(self.status, event)
        return attrs.evolve(self, status=status, revision=self.revision + 1, **changes)


@attrs.frozen(kw_only=True)
class JobEdit:
    """What may change about a queued job; `None` leaves a field as it is. `check` it once, where it enters."""

    priority: int | None = None
    queue: str | None = None
    run_at: datetime | None = None
    max_retries: int | None = None
    tags: tuple[str, ...] | None = None
    payload: Json | None = None

    def check(self, *, now: datetime, payload_bytes: int = PAYLOAD_BYTES) -> None:
        """Raise `InvalidJob` with every rule of a new job that the changed fields break."""
        check(JobSpec("edit", **self.changes()), now=now, payload_bytes=payload_bytes)

    def changes(self) -> dict[str, Any]:
        """Return the fields that change, by name."""
        return attrs.asdict(self, recurse=False, filter=lambda _, value: value is not None)
