"""The forms in which explanations cross the wire: one for each reason, told apart by its `code`."""

from typing import TypeAlias

from msgspec import Struct

from ...domain.status import JobStatus
from . import queue_wire, wire
from .list_wire import CountOut


class HoldingJob(Struct):
    """A job that holds a place, and since when; `null` if its handler has not begun yet."""

    job_id: wire.Id
    worker_id: wire.Id
    since: wire.Instant | None


class ReasonOut(Struct, tag_field="code", kw_only=True):
    """Why, in words; what `blocks` keeps a job from being claimed at this moment."""

    blocks: bool
    detail: str


class PausedReason(ReasonOut, tag="paused", kw_only=True):
    """The queue pauses."""

    paused: queue_wire.PauseOut


class NotDueReason(ReasonOut, tag="not-due", kw_only=True):
    """Its time, or that of the queue's next job, has not come; `retry` if it waits to be tried again."""

    run_at: wire.Instant
    retry: bool


class ExpiredReason(ReasonOut, tag="expired", kw_only=True):
    """It was not started in time and will be cancelled."""

    expires_at: wire.Instant


class QueueBusyReason(ReasonOut, tag="max-running", kw_only=True):
    """As many jobs of the queue run as may; `holders` are some of them, as far as the caller may see them."""

    max_running: int
    holders: list[HoldingJob]


class KeyBusyReason(ReasonOut, tag="max-running-per-key", kw_only=True):
    """As many jobs of its key run as may; `holders` are some of them, as far as the caller may see them."""

    concurrency_key: str
    max_running_per_key: int
    holders: list[HoldingJob]


class KeysBusyReason(ReasonOut, tag="keys-busy", kw_only=True):
    """All due jobs that were looked at have keys of which as many run as may; `deep` if there are more behind them."""

    max_running_per_key: int
    keys: list[str]
    deep: bool


class RateLimitedReason(ReasonOut, tag="rate-limited", kw_only=True):
    """As many have started as may in a while; the next may `at`."""

    rate: queue_wire.Rate
    at: wire.Instant


class NothingWaitsReason(ReasonOut, tag="empty", kw_only=True):
    """No job of the queue waits."""


class QueueFullReason(ReasonOut, tag="max-depth", kw_only=True):
    """As many jobs wait as may; further ones are refused."""

    max_depth: int


class TaskUnknownReason(ReasonOut, tag="no-worker-for-task", kw_only=True):
    """No live worker knows the task; one that did was last heard of `seen_at`, `null` if there never was one."""

    task: str
    seen_at: wire.Instant | None


class QueueUnservedReason(ReasonOut, tag="no-worker-for-queue", kw_only=True):
    """No live worker is known to serve the queue; `seen_at` is when one that did was last heard of."""

    queue: str
    seen_at: wire.Instant | None


class BehindReason(ReasonOut, tag="behind", kw_only=True):
    """So many due jobs of its queue come before it; `capped` if there are more than that."""

    jobs: int
    capped: bool


class RunningReason(ReasonOut, tag="running", kw_only=True):
    """A worker has it: `since` is `null` until its handler has begun."""

    worker_id: wire.Id
    since: wire.Instant | None
    lease_expires_at: wire.Instant
    cancel_requested: bool


class LapsedReason(ReasonOut, tag="lease-lapsed", kw_only=True):
    """Its worker was not heard of in time; it will be taken over."""

    worker_id: wire.Id
    since: wire.Instant | None
    lease_expires_at: wire.Instant


class EndedReason(ReasonOut, tag="ended", kw_only=True):
    """It is over; `why` is the reason of a cancel or the error that killed it."""

    status: JobStatus
    at: wire.Instant
    why: str | None


AnyReason: TypeAlias = (
    PausedReason
    | NotDueReason
    | ExpiredReason
    | QueueBusyReason
    | KeyBusyReason
    | KeysBusyReason
    | RateLimitedReason
    | NothingWaitsReason
    | QueueFullReason
    | TaskUnknownReason
    | QueueUnservedReason
    | BehindReason
    | RunningReason
    | LapsedReason
    | EndedReason
)


class JobExplanation(Struct):
    """Why a job is not running. It is `ready` if a worker that knows its task and asks for it would be given it now."""

    job_id: wire.Id
    queue: str
    status: JobStatus
    ready: bool
    reasons: list[AnyReason]
    server_time: wire.Instant


class QueueExplanation(Struct):
    """Why a queue starts nothing, or nothing more. It is `ready` if a job of it would be given out now.

    `ready` is `null` where so many jobs of busy keys stand in front that nobody looked past them.
    """

    name: str
    ready: bool | None
    reasons: list[AnyReason]
    waiting: CountOut
    due: CountOut
    running: CountOut
    server_time: wire.Instant
