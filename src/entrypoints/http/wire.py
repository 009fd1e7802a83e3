"""The forms in which things cross the wire, as the caller sends and reads them; nothing here decides."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from ...domain import spec
from ...domain.access import Role, Scope
from ...domain.outcomes import AttemptOutcome
from ...domain.retry import MAX_RETRIES
from ...domain.status import JobStatus

Instant = Annotated[str, Meta(description="RFC 3339, UTC, microseconds", extra_json_schema={"format": "date-time"})]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset from UTC")]
Id = Annotated[str, Meta(description="UUID, version 7", extra_json_schema={"format": "uuid"})]
Seconds = Annotated[float, Meta(description="seconds")]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9_.-]{1,128}$")]
Payload = Annotated[Raw, Meta(description="a JSON object", extra_json_schema={"type": "object"})]
Delay = Annotated[float, Meta(ge=0, le=spec.LATEST.total_seconds())]
Timeout = Annotated[float, Meta(ge=spec.SHORTEST_TIMEOUT.total_seconds(), le=spec.LONGEST_TIMEOUT.total_seconds())]
Outcome = Literal["created", "existing", "rejected"]

Value = TypeVar("Value")

BULK_JOBS = 1_000


class FixedBackoff(Struct, forbid_unknown_fields=True, tag_field="kind", tag="fixed"):
    """The same wait before each retry; the share `jitter` (0 to 1) of it is random."""

    base_s: Seconds = 2.0
    jitter: float = 0.0


class ExponentialBackoff(Struct, forbid_unknown_fields=True, tag_field="kind", tag="exponential"):
    """`base_s` · `factor`ⁿ before retry n, at most `cap_s`; the share `jitter` (0 to 1) of it is random."""

    base_s: Seconds = 2.0
    factor: float = 2.0
    cap_s: Seconds = 3_600.0
    jitter: float = 1.0


Backoff = FixedBackoff | ExponentialBackoff


class UniqueRequest(Struct, forbid_unknown_fields=True, rename={"held_while": "while"}):
    """At most one job of yours holds `key` at a time, while it is `queued` or until it ends (`active`)."""

    key: str
    held_while: spec.UniqueWhile = spec.UniqueWhile.ACTIVE
    on_conflict: spec.OnConflict = spec.OnConflict.RETURN_EXISTING


class JobRequest(Struct, forbid_unknown_fields=True):
    """A job to enqueue. What is left out is the task's declared setting, else the system's default."""

    task: Name
    payload: Payload | UnsetType = UNSET
    queue: Name | None = None
    priority: Annotated[int, Meta(ge=0, le=spec.LOWEST_PRIORITY, description="lower runs first")] = (
        spec.DEFAULT_PRIORITY
    )
    run_at: Moment | None = None
    delay_s: Delay | None = None
    max_retries: Annotated[int, Meta(ge=0, le=MAX_RETRIES)] | None = None
    backoff: Backoff | None = None
    timeout_s: Timeout | None = None
    expires_at: Moment | None = None
    tags: Annotated[list[str], Meta(max_length=spec.TAGS)] = []
    unique: UniqueRequest | None = None
    concurrency_key: str | None = None


class BulkRequest(Struct, forbid_unknown_fields=True):
    """Up to 1,000 jobs to enqueue in one transaction."""

    jobs: Annotated[list[JobRequest], Meta(min_length=1, max_length=BULK_JOBS)]


class CancelRequest(Struct, forbid_unknown_fields=True):
    """Why a job is cancelled, for those who look at it later."""

    reason: Annotated[str, Meta(max_length=spec.REASON_CHARS)] | None = None


class Empty(Struct, forbid_unknown_fields=True):
    """Nothing: an empty body or no query parameters."""


class ErrorOut(Struct):
    """Why an attempt did not succeed; `fingerprint` is the same for errors of one cause."""

    type: str
    message: str
    traceback: str
    fingerprint: str


class JobOut(Struct, kw_only=True):
    """A job. In lists `payload` and `result` over 2 KB are left out and named in `truncated`."""

    id: Id
    task: str
    queue: str
    status: JobStatus
    payload: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: ErrorOut | None
    priority: int
    run_at: Instant
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    attempt: int
    retry_count: int
    max_retries: int
    backoff: Backoff | None
    timeout_s: float
    expires_at: Instant | None
    cancel_reason: str | None
    progress: Raw
    tags: list[str]
    unique_key: str | None
    concurrency_key: str | None
    user_id: Id | None
    worker_id: Id | None
    lease_expires_at: Instant | None
    cancel_requested: bool
    parent_id: Id | None
    etag: str
    truncated: list[Literal["payload", "result"]]


class JobAnswer(JobOut, kw_only=True):
    """One job, and the database's time at which it was so."""

    server_time: Instant


class FieldProblem(Struct, kw_only=True, omit_defaults=True):
    """One field at fault: `pointer` leads to it in the body (RFC 6901), `parameter` names it in the query.

    In a filter `position` says at which character, counted from 0, and `nearest` what may have been meant.
    """

    detail: str
    code: str
    pointer: str | UnsetType = UNSET
    parameter: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    nearest: str | UnsetType = UNSET


class ProblemDocument(Struct, kw_only=True):
    """A refusal (RFC 9457). `instance` is the id of the request, `code` the stable word for the kind of problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | UnsetType = UNSET
    errors: tuple[FieldProblem, ...] | UnsetType = UNSET
    existing_job_id: Id | UnsetType = UNSET
    error: ErrorOut | UnsetType = UNSET


class EnqueueAnswer(Struct):
    """What came of an enqueue: the job was created, or another one holds its unique key."""

    outcome: Outcome
    job: JobOut


class BulkItem(Struct, kw_only=True):
    """What came of one job of a bulk: the job, or why it was rejected."""

    outcome: Outcome
    job: JobOut | UnsetType = UNSET
    problem: ProblemDocument | UnsetType = UNSET


class BulkAnswer(Struct):
    """What came of each job of a bulk, in the order sent."""

    items: list[BulkItem]


class MoveAnswer(Struct):
    """What came of a move, and the job after it (`repeated` if it was so already, and nothing changed)."""

    outcome: Literal["cancelled", "requested", "queued", "edited", "repeated"]
    job: JobOut


class AttemptOut(Struct):
    """One ended attempt of a job."""

    attempt: int
    outcome: AttemptOutcome
    worker_id: Id | None
    started_at: Instant | None
    finished_at: Instant
    error: ErrorOut | None


class AttemptList(Struct):
    """Some of a job's ended attempts, oldest first; the cursor leads to those that follow."""

    items: list[AttemptOut]
    next_cursor: str | None
    has_more: bool
    server_time: Instant


class ResultAnswer(Struct, kw_only=True):
    """A job's result, once it has succeeded."""

    job_id: Id
    status: JobStatus
    result: Raw | UnsetType = UNSET
    finished_at: Instant | None
    server_time: Instant


class TaskOut(Struct):
    """A task as its author declared it; `null` is the system's default."""

    id: str
    queue: str
    max_retries: int | None
    backoff: Backoff | None
    timeout_s: float | None
    payload_schema: Raw
    doc: str
    on_dead: str | None


class TaskList(Struct):
    """The tasks that any worker ever declared, by id."""

    items: list[TaskOut]


class MeAnswer(Struct):
    """Whom the request acts as, and what that may do."""

    user_id: Id
    email: str
    role: Role
    scopes: list[Scope]
    key_id: Id | None
    queues: list[str]


class Alive(Struct):
    """The process's loop turns."""

    status: Literal["ok"] = "ok"


class CheckOut(Struct):
    """One thing that readiness depends on."""

    ok: bool
    detail: str


class ReadyAnswer(Struct):
    """Whether traffic is welcome; `degraded` means that it is, though pickup may be slower."""

    status: Literal["ready", "degraded"]
    checks: dict[str, CheckOut]


def given(value: Value | UnsetType) -> Value | None:
    """Return a member of a request, `None` if it was left out."""
    return None if value is UNSET else value


def encode(value: object) -> bytes:
    """Return `value` as JSON, times and raw documents as they are."""
    return _ENCODER.encode(value)


_ENCODER = msgspec.json.Encoder()
