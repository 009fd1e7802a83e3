"""Why a job is not running, or why a queue starts nothing: one value for each reason, with its code and its words."""

from datetime import datetime
from typing import ClassVar, TypeAlias

import attrs

from .ids import JobId, WorkerId
from .limits import Rate
from .queue import Pause
from .status import JobStatus
from .wording import jobs, length, moment


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
        until = f"until {moment(pause.until, now)}" if pause.until else "until somebody resumes it"
        why = f": {pause.reason}" if pause.reason else ""
        return f"The queue was paused{by}{key} at {moment(pause.at, now)}, {until}{why}"


@attrs.frozen
class NotDue:
    """Its time, or for a queue that of its next job, has not come; `retry` tells whether it waits to be tried again."""

    code: ClassVar = "not-due"
    blocks: ClassVar = True
    run_at: datetime
    retry: bool = False

    def words(self, now: datetime) -> str:
        """Say when it is due."""
        return f"{'It is tried again' if self.retry else 'Due'} at {moment(self.run_at, now)}"


@attrs.frozen
class Expired:
    """It was not started in time, and never will be."""

    code: ClassVar = "expired"
    blocks: ClassVar = True
    expires_at: datetime

    def words(self, now: datetime) -> str:
        """Say when it expired."""
        return f"It expired at {moment(self.expires_at, now)} and will be cancelled"


@attrs.frozen
class QueueBusy:
    """As many jobs of the queue hold a lease as may; `holders` are some of them."""

    code: ClassVar = "max-running"
    blocks: ClassVar = True
    most: int
    holders: tuple[Holder, ...] = ()

    def words(self, now: datetime) -> str:  # noqa: ARG002 - one shape for all reasons
        """Say how many may run."""
        return f"The queue runs {jobs(self.most)} at once, and all places are taken"


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
        return f"The queue runs {jobs(self.most)} of one key at once, and '{self.key}' has its share"


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
        return f"{which} of keys that have their share of {jobs(self.most)} at once{beyond}"


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
        pace = f"{jobs(rate.limit)} each {length(rate.period)}"
        return f"The queue starts {pace}; the next may start at {moment(self.at, now)}"


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
        return f"No more than {jobs(self.most)} may wait: further ones are refused"


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
        last = moment(self.seen_at, now)
        return f"No live worker knows the task '{self.task}'; one that did was last heard of at {last}"


@attrs.frozen
class QueueUnserved:
    """No live worker is known to serve the queue; one that did was last heard of `seen_at`."""

    code: ClassVar = "no-worker-for-queue"
    blocks: ClassVar = False
    queue: str
    seen_at: datetime | None = None

    def words(self, now: datetime) -> str:
        """Say since when."""
        last = "" if self.seen_at is None else f"; one that did was last heard of at {moment(self.seen_at, now)}"
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
        return f"Behind {more}{jobs(self.jobs)} of its queue"


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
        began = "has it in hand, to start soon" if self.since is None else f"began it at {moment(self.since, now)}"
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
        end = moment(self.lease_expires_at, now)
        return f"The lease of worker {self.worker_id} ran out at {end}; it will be taken over"


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
        return f"It {how} at {moment(self.at, now)}{f': {self.why}' if self.why else ''}"


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
