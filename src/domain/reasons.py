"""Why a job is not running, or why a queue starts nothing: one value for each reason, with its code and its words."""

from datetime import datetime, timedelta
from typing import ClassVar, TypeAlias

import attrs

from .ids import JobId, WorkerId
from .limits import Rate
from .queue import Pause
from .status import JobStatus


@attrs.frozen
class Holder:
    """A job that holds a place; `since` is `None` until its handler has begun."""

    job_id: JobId
    worker_id: WorkerId
    since: datetime | None = None


@attrs.frozen
class Paused:
    """The queue pauses."""

    code: ClassVar = "paused"
    blocks: ClassVar = True
    pause: Pause

    def words(self, now: datetime) -> str:
        """Say who paused it, since when, until when and why."""
        pause = self.pause
        by = f" by user {pause.user_id}" if pause.user_id else ""
        key = f" with key {pause.key_id}" if pause.key_id else ""
        until = f"until {_at(pause.until, now)}" if pause.until else "until somebody resumes it"
        why = f": {pause.reason}" if pause.reason else ""
        return f"The queue was paused{by}{key} {_at(pause.at, now)}, {until}{why}"


@attrs.frozen
class NotDue:
    """Its time, or for a queue that of its next job, has not come; `retry` tells whether it waits to be tried again."""

    code: ClassVar = "not-due"
    blocks: ClassVar = True
    run_at: datetime
    retry: bool = False

    def words(self, now: datetime) -> str:
        """Say when it is due."""
        return f"{'It is tried again' if self.retry else 'Due'} {_at(self.run_at, now)}"


@attrs.frozen
class Expired:
    """It was not started in time, and never will be."""

    code: ClassVar = "expired"
    blocks: ClassVar = True
    expires_at: datetime

    def words(self, now: datetime) -> str:
        """Say when it expired."""
        return f"It expired {_at(self.expires_at, now)} and will be cancelled"


@attrs.frozen
class QueueBusy:
    """As many jobs of the queue hold a lease as may; `holders` are some of them."""

    code: ClassVar = "max-running"
    blocks: ClassVar = True
    most: int
    holders: tuple[Holder, ...] = ()

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how many may run."""
        return f"The queue runs {_jobs(self.most)} at once, and all places are taken"


@attrs.frozen
class KeyBusy:
    """As many jobs of the job's concurrency key hold a lease as may; `holders` are some of them."""

    code: ClassVar = "max-running-per-key"
    blocks: ClassVar = True
    key: str
    most: int
    holders: tuple[Holder, ...] = ()

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how many may run, and of which key."""
        return f"The queue runs {_jobs(self.most)} of one key at once, and '{self.key}' has its share"


@attrs.frozen
class KeysBusy:
    """Every job that is due has a key of which as many hold a lease as may; `keys` are some, as far as they are told.

    `deep` says that more jobs are due than were looked at.
    """

    code: ClassVar = "keys-busy"
    blocks: ClassVar = True
    most: int
    keys: tuple[str, ...] = ()
    deep: bool = False

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how far one has looked."""
        which = "The first jobs that are due are" if self.deep else "What is due is"
        beyond = "; jobs of other keys behind them may start" if self.deep else ""
        return f"{which} of keys that have their share of {_jobs(self.most)} at once{beyond}"


@attrs.frozen
class RateLimited:
    """As many jobs have started as may in a while; the next may `at`."""

    code: ClassVar = "rate-limited"
    blocks: ClassVar = True
    rate: Rate
    at: datetime

    def words(self, now: datetime) -> str:
        """Say when the next may start."""
        rate = self.rate
        return (
            f"The queue starts {_jobs(rate.limit)} each {_length(rate.period)}; the next may start {_at(self.at, now)}"
        )


@attrs.frozen
class NothingWaits:
    """No job of the queue waits."""

    code: ClassVar = "empty"
    blocks: ClassVar = True

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say so."""
        return "No job waits in the queue"


@attrs.frozen
class QueueFull:
    """As many jobs wait as may, and further ones are refused; those that wait start all the same."""

    code: ClassVar = "max-depth"
    blocks: ClassVar = False
    most: int

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how many may wait."""
        return f"No more than {_jobs(self.most)} may wait: further ones are refused"


@attrs.frozen
class TaskUnknown:
    """No live worker knows the task; one that did was last heard of `seen_at`, `None` if there never was one."""

    code: ClassVar = "no-worker-for-task"
    blocks: ClassVar = False
    task: str
    seen_at: datetime | None = None

    def words(self, now: datetime) -> str:
        """Say whether any worker ever knew it."""
        if self.seen_at is None:
            return f"No worker has ever known the task '{self.task}': is its name right, and a worker deployed?"
        return f"No live worker knows the task '{self.task}'; one that did was last heard of {_at(self.seen_at, now)}"


@attrs.frozen
class QueueUnserved:
    """No live worker is known to serve the queue; one that did was last heard of `seen_at`."""

    code: ClassVar = "no-worker-for-queue"
    blocks: ClassVar = False
    queue: str
    seen_at: datetime | None = None

    def words(self, now: datetime) -> str:
        """Say since when."""
        last = "" if self.seen_at is None else f"; one that did was last heard of {_at(self.seen_at, now)}"
        return f"No live worker is known to serve the queue '{self.queue}'{last}"


@attrs.frozen
class Behind:
    """So many due jobs of the queue come before it; `capped` says that there are more, and nobody counted on."""

    code: ClassVar = "behind"
    blocks: ClassVar = False
    jobs: int
    capped: bool = False

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how many."""
        more = "more than " if self.capped else "about "
        return f"Behind {more}{_jobs(self.jobs)} of its queue"


@attrs.frozen
class Running:
    """A worker runs it, or holds it in hand until a slot is free (`since` is `None`)."""

    code: ClassVar = "running"
    blocks: ClassVar = True
    worker_id: WorkerId
    lease_expires_at: datetime
    since: datetime | None = None
    cancel_requested: bool = False

    def words(self, now: datetime) -> str:
        """Say where, and since when."""
        began = "has it in hand, to start soon" if self.since is None else f"began it {_at(self.since, now)}"
        cancel = "; it was asked to stop" if self.cancel_requested else ""
        return f"Worker {self.worker_id} {began}{cancel}"


@attrs.frozen
class Lapsed:
    """The lease under which it runs is over: its worker was not heard of in time, and the job will be taken over."""

    code: ClassVar = "lease-lapsed"
    blocks: ClassVar = True
    worker_id: WorkerId
    lease_expires_at: datetime
    since: datetime | None = None

    def words(self, now: datetime) -> str:
        """Say who held it, and until when."""
        return f"The lease of worker {self.worker_id} ran out {_at(self.lease_expires_at, now)}; it will be taken over"


@attrs.frozen
class Ended:
    """It is over; `why` is the reason of a cancel, or the error that killed it."""

    code: ClassVar = "ended"
    blocks: ClassVar = True
    status: JobStatus
    at: datetime
    why: str | None = None

    def words(self, now: datetime) -> str:
        """Say how it ended, when and why."""
        how = {JobStatus.DEAD: "died", JobStatus.CANCELLED: "was cancelled"}.get(self.status, self.status.value)
        return f"It {how} {_at(self.at, now)}{f': {self.why}' if self.why else ''}"


Reason: TypeAlias = (
    Paused
    | NotDue
    | Expired
    | QueueBusy
    | KeyBusy
    | KeysBusy
    | RateLimited
    | NothingWaits
    | QueueFull
    | TaskUnknown
    | QueueUnserved
    | Behind
    | Running
    | Lapsed
    | Ended
)
"""`code` is for programs, `words` are for people; what `blocks` keeps a job from being claimed at this moment."""


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"


def _at(instant: datetime, now: datetime) -> str:
    away = instant - now
    when = f"in {_length(away)}" if away > timedelta(0) else f"{_length(-away)} ago"
    return f"{when} (at {instant:%Y-%m-%d %H:%M:%S} UTC)"


def _length(span: timedelta) -> str:
    """Return a length of time in the two units that matter: 3 d 4 h, 5 min 20 s, 0.5 s."""
    if span < timedelta(seconds=10):
        return f"{span.total_seconds():.1f}".removesuffix(".0") + " s"
    left, told = int(span.total_seconds()), list[str]()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        told += [f"{count} {unit}"] if count else []
    return " ".join(told[:2])
