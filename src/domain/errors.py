"""What eQueue refuses, and why: each error has a stable `code` and its facts as attributes."""

from typing import ClassVar

import attrs

from .ids import JobId


class DomainError(Exception):
    """A rule of eQueue was broken; nothing was changed."""

    code: ClassVar[str] = "refused"


class Unavailable(Exception):
    """An outside that eQueue needs (database, queue backend) does not answer; try again shortly."""

    code: ClassVar[str] = "unavailable"


class Overloaded(Unavailable):
    """More requests wait than the process takes on; nothing was done. Wait as long as you are told and ask again."""

    code = "overloaded"

    def __init__(self) -> None:
        super().__init__("too many requests wait already")


class InvalidTransition(DomainError):
    """The job is not in a state in which this can happen to it."""

    code = "invalid-transition"

    def __init__(self, status: str | None, event: str) -> None:
        super().__init__(f"a job that is {status or 'not there yet'} has no transition '{event}'")
        self.status = status
        self.event = event


class AlreadyFinished(InvalidTransition):
    """The job has ended, so there is nothing left to cancel."""

    code = "already-finished"


class LeaseLost(DomainError):
    """The lease under which this was written is over: someone else may hold the job now. Stop working on it."""

    code = "lease-lost"

    def __init__(self, job_id: JobId, token: int) -> None:
        super().__init__(f"lease {token} of job {job_id} is over")
        self.job_id = job_id
        self.token = token


class JobNotFound(DomainError):
    """There is no such job, or it is not yours to see."""

    code = "not-found"

    def __init__(self, job_id: JobId) -> None:
        super().__init__(f"no job {job_id}")
        self.job_id = job_id


@attrs.frozen
class Violation:
    """One field that breaks a rule. `pointer` is a JSON pointer into what the caller sent."""

    pointer: str
    detail: str
    code: str = "invalid"

    def under(self, prefix: str) -> "Violation":
        """Return this violation as seen from a document that holds the job at `prefix`."""
        return attrs.evolve(self, pointer=prefix + self.pointer)


class InvalidJob(DomainError):
    """What was sent is not a valid job; `violations` name the fields."""

    code = "invalid-job"

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{v.pointer or '/'}: {v.detail}" for v in violations))
        self.violations = violations


class PayloadInvalid(InvalidJob):
    """The payload does not fit the task's signature; the job would fail at each attempt."""

    code = "payload-invalid"


class InvalidQueue(InvalidJob):
    """What was sent are no valid settings of a queue; `violations` name the fields."""

    code = "invalid-queue"


class QueueNotFound(DomainError):
    """No job, task, worker or setting has ever named this queue, or it is out of your reach."""

    code = "not-found"

    def __init__(self, name: str) -> None:
        super().__init__(f"no queue {name}")
        self.name = name


class StaleQueue(DomainError):
    """The queue's settings changed since you read them; read them again and repeat the edit."""

    code = "stale"

    def __init__(self, name: str) -> None:
        super().__init__(f"the settings of queue {name} changed since they were read")
        self.name = name


class QueueFull(DomainError):
    """As many jobs as the queue holds wait in it already; enqueue again when some have started."""

    code = "queue-full"

    def __init__(self, queue: str, max_depth: int) -> None:
        super().__init__(f"the queue '{queue}' holds no more than {max_depth} waiting jobs")
        self.queue = queue
        self.max_depth = max_depth


class InvalidSchedule(InvalidJob):
    """What was sent is no valid schedule; `violations` name the fields."""

    code = "invalid-schedule"


class BadCron(InvalidJob):
    """The cron expression or its time zone cannot be read; `violations` say at which character and why."""

    code = "bad-cron"


class ScheduleNotFound(DomainError):
    """There is no such schedule, or it is out of your reach."""

    code = "not-found"

    def __init__(self, name: str) -> None:
        super().__init__(f"no schedule {name}")
        self.name = name


class ScheduleExists(DomainError):
    """Another schedule has this name; change that one, or take another name."""

    code = "schedule-exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a schedule {name} already")
        self.name = name


class ManagedByCode(DomainError):
    """The schedule is declared in code: change it there and start the worker again. It can still be paused and run."""

    code = "managed-by-code"

    def __init__(self, name: str) -> None:
        super().__init__(f"the schedule {name} is declared in code")
        self.name = name


class StaleSchedule(DomainError):
    """The schedule changed since you read it; read it again and repeat the edit."""

    code = "stale"

    def __init__(self, name: str) -> None:
        super().__init__(f"the schedule {name} changed since it was read")
        self.name = name


class UnknownTask(DomainError):
    """No worker has ever declared this task. `pointer` is where it was named."""

    code = "unknown-task"

    def __init__(self, task: str, pointer: str = "/task") -> None:
        super().__init__(f"no worker knows a task '{task}'")
        self.task = task
        self.pointer = pointer


class QueueOutOfReach(DomainError):
    """The key is confined to other queues than this one. `place` is the job's place in the request, from 0."""

    code = "queue-forbidden"

    def __init__(self, queue: str, place: int = 0) -> None:
        super().__init__(f"the queue '{queue}' is out of reach")
        self.queue = queue
        self.place = place


class UniqueConflict(DomainError):
    """Another job holds this unique key, and the caller asked to be refused then."""

    code = "unique-conflict"

    def __init__(self, existing_job_id: JobId) -> None:
        super().__init__(f"job {existing_job_id} holds this unique key")
        self.existing_job_id = existing_job_id


class StaleEdit(DomainError):
    """The job changed since you read it; read it again and repeat the edit."""

    code = "stale"

    def __init__(self, job_id: JobId) -> None:
        super().__init__(f"job {job_id} changed since it was read")
        self.job_id = job_id


class IdempotencyKeyReused(DomainError):
    """This idempotency key was used for a different request; take a new key."""

    code = "idempotency-key-reused"


class IdempotencyInFlight(DomainError):
    """The first request with this idempotency key has not ended yet; ask again in a second."""

    code = "idempotency-in-flight"


class EmptyFilter(DomainError):
    """The filter leaves no job out; name statuses, queues, tasks, tags, fingerprints, times or ids."""

    code = "empty-filter"


class PlanChanged(DomainError):
    """The plan is not the one that was previewed; preview it again, and look at it."""

    code = "plan-changed"


class InvalidPlan(InvalidJob):
    """What was asked of many jobs makes no sense; `violations` name the fields."""

    code = "invalid-plan"


class BulkNotFound(DomainError):
    """There is no such bulk operation, or it is not yours to see."""

    code = "not-found"

    def __init__(self) -> None:
        super().__init__("there is no such bulk operation, or it is not yours to see")


class BulkNotSteerable(DomainError):
    """The bulk operation is not in a status in which this can happen to it."""

    code = "invalid-transition"

    def __init__(self, status: str | None, event: str) -> None:
        super().__init__(f"a bulk operation that is {status or 'not there yet'} has no transition '{event}'")
        self.status = status
        self.event = event


class BadRange(DomainError):
    """These figures are not kept so finely for so long, or are too many; ask for hours, or for less."""

    code = "invalid-parameter"
