"""Values for tests, with everything that a test does not speak of left at something ordinary."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
from uuid_utils.compat import uuid7

from equeue.domain.job import Job
from equeue.domain.lease import Claim, ClaimOrder, Fence
from equeue.domain.outcomes import JobError
from equeue.domain.spec import Birth, JobSpec, Unique
from equeue.domain.status import JobStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TASK = "test.task"
QUEUE = "default"
LEASE = timedelta(seconds=30)
WORKER = UUID("00000000-0000-7000-8000-00000000a001")
OTHER_WORKER = UUID("00000000-0000-7000-8000-00000000a002")
OWNER = UUID("00000000-0000-7000-8000-00000000b001")
OTHER_OWNER = UUID("00000000-0000-7000-8000-00000000b002")
OOPS = JobError.of("ValueError", "oops", "Traceback …", "ValueError:oops")


def seconds(number: float) -> timedelta:
    """Return so many seconds."""
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=number)


def a_spec(task: str = TASK, **facts: Any) -> JobSpec:
    """Return a request with `facts`."""
    return JobSpec(task, **facts)


def a_birth(
    *, owner: UUID | None = None, parent: UUID | None = None, job_id: UUID | None = None, **facts: Any
) -> Birth:
    """Return a request with a fresh identity."""
    return Birth(job_id or uuid7(), a_spec(**facts), owner, parent)


def a_unique_birth(unique: Unique, **facts: Any) -> Birth:
    """Return a request that wants a unique key."""
    return a_birth(unique=unique, **facts)


def a_job(status: JobStatus = JobStatus.QUEUED, **facts: Any) -> Job:
    """Return a job as the domain makes it, in any status."""
    held = {"lease_token": 1, "attempt": 1, "worker_id": WORKER}
    shape: dict[JobStatus, dict[str, Any]] = {
        JobStatus.QUEUED: {},
        JobStatus.RUNNING: {**held, "lease_expires_at": NOON + LEASE, "started_at": NOON},
        JobStatus.SUCCEEDED: {**held, "finished_at": NOON, "result": b"null"},
        JobStatus.DEAD: {**held, "finished_at": NOON, "error": OOPS},
        JobStatus.CANCELLED: {"finished_at": NOON},
    }
    return attrs.evolve(Job.born(a_birth(), NOON), status=status, **shape[status] | facts)


def a_claim(**facts: Any) -> Claim:
    """Return a first claim of a job with three retries."""
    ordinary: dict[str, Any] = {
        "fence": Fence(uuid7(), 1),
        "task": TASK,
        "queue": QUEUE,
        "payload": b"{}",
        "attempt": 1,
        "retry_count": 0,
        "max_retries": 3,
        "backoff": None,
        "timeout": seconds(300),
        "begun": True,
        "lapse_count": 0,
        "cancel_requested": False,
        "priority": 5,
        "created_at": NOON,
        "run_at": NOON,
        "lease_expires_at": NOON + LEASE,
        "worker_id": WORKER,
    }
    return Claim(**ordinary | facts)


def an_order(
    *queues: str,
    limit: int = 100,
    worker: UUID = WORKER,
    lease: timedelta = LEASE,
    tasks: frozenset[str] | None = None,
    begun: bool = True,
) -> ClaimOrder:
    """Return a worker's wish for jobs of `queues`, else of the ordinary queue."""
    return ClaimOrder(worker, queues or (QUEUE,), limit, lease, tasks, begun)
