"""Why a job is not running, or a queue starts nothing: decided from facts that one look brought."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from .ids import JobId, UserId, WorkerId
from .limits import ROUNDING, UNLIMITED, Bucket, QueueLimits, filled, next_token_in
from .queue import Pause
from .reasons import (
    Behind,
    Ended,
    Expired,
    Holder,
    KeyBusy,
    KeysBusy,
    Lapsed,
    NotDue,
    NothingWaits,
    Paused,
    QueueBusy,
    QueueFull,
    QueueUnserved,
    RateLimited,
    Reason,
    Running,
    TaskUnknown,
)
from .status import JobStatus

MOST_COUNTED = 10_001
"""Nobody counts waiting or running jobs beyond this."""

MOST_AHEAD = 1_001
"""Nobody counts further how many come before a job."""

MOST_HOLDERS = 10
"""So many who hold a place are named at most."""

WHY_CHARS = 200
"""An error's message is told so far."""

WINDOW = 100
"""So many due jobs of each priority are looked at to tell whether any of a queue may start."""

SILENCE = timedelta(minutes=5)
"""A worker that was not heard of for so long is not counted as live; they are heard of each minute."""


@attrs.frozen(kw_only=True)
class JobFacts:
    """A job, as far as it matters to when it runs."""

    job_id: JobId
    task: str
    queue: str
    status: JobStatus
    run_at: datetime
    attempt: int = 0
    retry_count: int = 0
    expires_at: datetime | None = None
    key: str | None = None
    user_id: UserId | None = None
    worker_id: WorkerId | None = None
    started_at: datetime | None = None
    lease_expires_at: datetime | None = None
    cancel_requested: bool = False
    finished_at: datetime | None = None
    why: str | None = None


@attrs.frozen(kw_only=True)
class QueueFacts:
    """What is set for a queue, and what it does now.

    `running` is counted as far as `limits.max_running` or `MOST_COUNTED`. `holders` are some of what runs, those that
    the asker may see. `seen_at` is when a worker that serves the queue was last heard of.
    """

    name: str
    limits: QueueLimits = UNLIMITED
    pause: Pause | None = None
    bucket: Bucket | None = None
    running: int = 0
    holders: tuple[Holder, ...] = ()
    seen_at: datetime | None = None


@attrs.frozen(kw_only=True)
class JobSituation:
    """A job at the instant `now`, and all that its start hangs on.

    `running_of_key` is counted as far as `max_running_per_key`, `ahead` as far as `MOST_AHEAD`. `task_seen_at` is
    when a worker that knows the task was last heard of.
    """

    now: datetime
    job: JobFacts
    queue: QueueFacts
    running_of_key: int = 0
    key_holders: tuple[Holder, ...] = ()
    ahead: int = 0
    task_seen_at: datetime | None = None


@attrs.frozen
class Head:
    """How many due jobs of a key were seen at the head of a queue, and whether the key has its share already."""

    key: str | None
    jobs: int
    running: int = 0


@attrs.frozen(kw_only=True)
class QueueSituation:
    """A queue at the instant `now`.

    `waiting` and `due` are counted as far as `MOST_COUNTED`. `heads` are the due jobs that were seen, at most `WINDOW`
    of each priority, by key; `deep` says that there are more. `tells_keys` is whether the asker may see the keys.
    """

    now: datetime
    queue: QueueFacts
    waiting: int = 0
    due: int = 0
    next_run_at: datetime | None = None
    heads: tuple[Head, ...] = ()
    deep: bool = False
    tells_keys: bool = True


@attrs.frozen
class Explanation:
    """Whether a job could be claimed at this moment, by a worker that knows its task and asks for it, and why not.

    `reasons` come in order: what keeps it from being claimed first. `ready` of a queue is whether any of its jobs
    could be, and `None` where that would have taken too long a look.
    """

    ready: bool | None
    reasons: tuple[Reason, ...] = ()


def explain_job(situation: JobSituation) -> Explanation:
    """Say why a job is not running."""
    job, now = situation.job, situation.now
    if job.status is JobStatus.QUEUED:
        blocking = (*_own(job, now), *_of_queue(situation.queue, now), *_of_key(situation))
        return Explanation(not blocking, (*blocking, *_remarks(situation)))
    return Explanation(ready=False, reasons=(_under_way(job, now) if not job.status.ended else _end(job),))


def explain_queue(situation: QueueSituation) -> Explanation:
    """Say why a queue starts nothing, or nothing more."""
    queue, now = situation.queue, situation.now
    blocking = (*_of_queue(queue, now), *_of_heads(situation))
    certain = all(not isinstance(reason, KeysBusy) or not reason.deep for reason in blocking)
    ready = (not blocking) if certain or len(blocking) > 1 else None
    most = queue.limits.max_depth
    full = (QueueFull(most),) if most is not None and most < MOST_COUNTED and situation.waiting >= most else ()
    return Explanation(ready, (*blocking, *full, *_unserved(queue, now)))


def _own(job: JobFacts, now: datetime) -> Iterator[Reason]:
    if job.expires_at is not None and job.expires_at <= now:
        yield Expired(job.expires_at)
    elif job.run_at > now:
        yield NotDue(job.run_at, retry=job.retry_count > 0)


def _of_queue(queue: QueueFacts, now: datetime) -> Iterator[Reason]:
    limits = queue.limits
    if queue.pause is not None and queue.pause.holds(now):
        yield Paused(queue.pause)
    if limits.max_running is not None and queue.running >= limits.max_running:
        yield QueueBusy(limits.max_running, queue.holders)
    if limits.rate is not None:
        bucket = filled(queue.bucket, limits.rate, now)
        if bucket.tokens + ROUNDING < 1.0:
            yield RateLimited(limits.rate, now + next_token_in(bucket, limits.rate))


def _of_key(situation: JobSituation) -> Iterator[Reason]:
    key, most = situation.job.key, situation.queue.limits.max_running_per_key
    if key is not None and most is not None and situation.running_of_key >= most:
        yield KeyBusy(key, most, situation.key_holders)


def _remarks(situation: JobSituation) -> Iterator[Reason]:
    """Tell what does not keep the job from being claimed, but from being claimed soon."""
    job, now = situation.job, situation.now
    if not _live(situation.task_seen_at, now):
        yield TaskUnknown(job.task, situation.task_seen_at)
    yield from _unserved(situation.queue, now)
    if situation.ahead:
        capped = situation.ahead >= MOST_AHEAD
        yield Behind(MOST_AHEAD - 1 if capped else situation.ahead, capped)


def _unserved(queue: QueueFacts, now: datetime) -> Iterator[Reason]:
    if not _live(queue.seen_at, now):
        yield QueueUnserved(queue.name, queue.seen_at)


def _live(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is not None and now - seen_at < SILENCE


def _of_heads(situation: QueueSituation) -> Iterator[Reason]:
    most, heads = situation.queue.limits.max_running_per_key, situation.heads
    if not heads:
        yield NothingWaits() if situation.next_run_at is None else NotDue(situation.next_run_at)
    elif most is not None and all(head.key is not None and head.running >= most for head in heads):
        keys = tuple(head.key for head in heads if head.key is not None)
        yield KeysBusy(most, keys[:MOST_HOLDERS] if situation.tells_keys else (), situation.deep)


def _under_way(job: JobFacts, now: datetime) -> Reason:
    if job.worker_id is None or job.lease_expires_at is None:
        raise AssertionError(f"nobody holds job {job.job_id}")
    if job.lease_expires_at <= now:
        return Lapsed(job.worker_id, job.lease_expires_at, job.started_at)
    return Running(job.worker_id, job.lease_expires_at, job.started_at, job.cancel_requested)


def _end(job: JobFacts) -> Reason:
    if job.finished_at is None:
        raise AssertionError(f"job {job.job_id} has not ended")
    return Ended(job.status, job.finished_at, job.why)
