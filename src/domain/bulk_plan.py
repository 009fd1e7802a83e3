"""Which act on which jobs a bulk operation is: the plan that is previewed, agreed on, and then kept to."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

import attrs

from .access import admits
from .events import JobEvent
from .filter_text import write
from .filters import EVERY, Condition, terms
from .ids import JobId, UserId
from .job import Job, JobEdit
from .status import JobStatus
from .transitions import ARCS, Event

COUNTED = 10_001
"""So far a plan's jobs are counted: more are as good as many."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGEST = 32


class BulkAction(StrEnum):
    """What is done to each job."""

    RETRY = "retry"
    CANCEL = "cancel"
    DELETE = "delete"
    MOVE = "move"
    RUN_NOW = "run-now"


_EVENTS = MappingProxyType(
    {
        BulkAction.RETRY: {Event.MANUAL_RETRY},
        BulkAction.CANCEL: {Event.CANCEL, Event.REQUEST_CANCEL},
        BulkAction.MOVE: {Event.EDIT},
        BulkAction.RUN_NOW: {Event.RUN_NOW},
    }
)


def possible(action: BulkAction) -> tuple[JobStatus, ...]:
    """Return the statuses in which `action` can happen to a job."""
    if action is BulkAction.DELETE:
        return tuple(status for status in JobStatus if status.ended)
    sources = {status for status, event in ARCS if event in _EVENTS[action]}
    return tuple(status for status in JobStatus if status in sources)


@attrs.frozen
class BulkFilter:
    """Which jobs are meant; an empty tuple or `None` does not narrow.

    `condition` is what a filter's text says, its times seen from the mark. `owner` and `queue_globs` confine it to
    what its author may reach. They are kept with it, so whoever carries it on does not widen it. `fingerprints` mean
    dead jobs.
    """

    job_ids: tuple[JobId, ...] = ()
    statuses: tuple[JobStatus, ...] = ()
    queues: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
    owner: UserId | None = None
    queue_globs: tuple[str, ...] = ()
    condition: Condition | None = None

    def narrows(self, mark: datetime) -> bool:
        """Tell whether it leaves any job out that was created by `mark`, were its author free to reach all."""
        words = (self.job_ids, self.queues, self.tasks, self.tags, self.fingerprints)
        within = self.created_before is not None and self.created_before <= mark
        some = bool(self.statuses) and set(self.statuses) != set(JobStatus)
        some = some or (self.condition is not None and _leaves_out(self.condition))
        return any(words) or some or within or self.created_after is not None

    def means(self, job: Job) -> bool:
        """Tell whether `job` is one of those meant, as far as it was read: documents that are left out fit."""
        return (
            (not self.job_ids or job.id in self.job_ids)
            and (not self.statuses or job.status in self.statuses)
            and (not self.queues or job.queue in self.queues)
            and (not self.tasks or job.task in self.tasks)
            and (not self.tags or not set(self.tags).isdisjoint(job.tags))
            and (not self.fingerprints or fingerprint_of(job) in self.fingerprints)
            and (self.created_after is None or job.created_at >= self.created_after)
            and (self.created_before is None or job.created_at < self.created_before)
            and (self.owner is None or job.user_id == self.owner)
            and admits(self.queue_globs, job.queue)
            and (self.condition is None or self.condition.means(job) is not False)
        )


def _leaves_out(condition: Condition) -> bool:
    """Tell whether a condition may leave any job out: to name every status is to name none."""
    return condition.statuses != EVERY or any(term.field.name != "status" for term in terms(condition))


def fingerprint_of(job: Job) -> str | None:
    """Return what a dead job is grouped by."""
    if job.status is not JobStatus.DEAD or job.error is None:
        return None
    return job.error.fingerprint or job.error.type or "-"


@attrs.frozen(kw_only=True)
class BulkPlan:
    """What is to be done to which jobs, and no job created after `mark`, whatever comes in meanwhile."""

    action: BulkAction
    where: BulkFilter
    mark: datetime
    queue: str | None = None
    reason: str | None = None

    @property
    def hash(self) -> str:
        """Return what tells this plan from any other; the mark can be read from it."""
        where = self.where
        said = [
            [self.action, self.queue, self.reason, self._micros, str(where.owner), where.queue_globs],
            [sorted(map(str, where.job_ids)), *map(sorted, (where.statuses, where.queues, where.tasks, where.tags))],
            [sorted(where.fingerprints), str(where.created_after), str(where.created_before)],
            write(where.condition),
        ]
        digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        return f"{self._micros:x}.{digest[:_DIGEST]}"

    @property
    def selection(self) -> BulkFilter:
        """Return the filter over which the plan goes.

        Where nothing is said of statuses, those are meant in which the act is possible; jobs named one by one are all
        looked at, so that each is answered for.
        """
        where, condition = self.where, self.where.condition
        if condition is not None:
            where = attrs.evolve(where, condition=condition.at(self.mark))
        if where.statuses or where.job_ids:
            return where
        statuses = (JobStatus.DEAD,) if where.fingerprints else possible(self.action)
        return attrs.evolve(where, statuses=statuses)

    @property
    def _micros(self) -> int:
        return (self.mark - _EPOCH) // timedelta(microseconds=1)

    def touches(self, job: Job) -> bool:
        """Tell whether the plan means `job` as it is now."""
        return job.created_at <= self.mark and self.selection.means(job)

    def decide(self, job: Job, now: datetime) -> "Decided | None":
        """Return what becomes of `job`; raise `DomainError` where it refuses, return `None` where nothing changes."""
        if not self.touches(job):
            return None
        if self.action is BulkAction.DELETE:
            job.delete()
            return Decided(None, ())
        after, events = self._moved(job, now)
        return None if after == job else Decided(after, tuple(events))

    def _moved(self, job: Job, now: datetime) -> tuple[Job, list[JobEvent]]:
        match self.action:
            case BulkAction.RETRY:
                return job.retry(now)
            case BulkAction.CANCEL:
                return job.cancel(now, self.reason)
            case BulkAction.RUN_NOW:
                return job.run_now(now)
            case _:
                same = self.queue is None or job.queue == self.queue
                return (job, []) if same else job.edit(JobEdit(queue=self.queue), job.etag)


def mark_of(plan_hash: str) -> datetime | None:
    """Return the mark of the plan that a hash stands for; `None` if it is no such hash."""
    micros, _, digest = plan_hash.partition(".")
    try:
        return _EPOCH + timedelta(microseconds=int(micros, 16)) if len(digest) == _DIGEST else None
    except (ValueError, OverflowError):
        return None


@attrs.frozen
class Decided:
    """What becomes of one job: `after`, or nothing if it is deleted; and what to tell of it once it is committed."""

    after: Job | None
    events: tuple[JobEvent, ...]
