"""An eQueue in memory, for tests of tasks and of code that enqueues them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal, ParamSpec, Self, overload

import attrs

from ..adapters.codec import MsgspecCodec
from ..adapters.memory.jobs import store_birth
from ..adapters.memory.platform import MovableClock
from ..adapters.memory.store import MemoryStore, Transaction
from ..adapters.system import UuidV7Ids
from ..application.new_jobs import EnqueuedJob, EnqueueOutcome, NewJob, NewJobs
from ..application.options import TaskLike
from ..application.ports.catalogue import TaskDeclaration
from ..application.ports.jobs import Created, Enqueued, Existing
from ..application.tasks import Handler, Task, Tasks, task_of
from ..domain.ids import JobId
from ..domain.spec import Birth
from ..entrypoints.sdk.diverting import Diversion, diverted
from .machinery import OpenConnection
from .running import Ran, Runs
from .seen import JobFailed, SeenJob

P = ParamSpec("P")


class MemoryApp:
    """Keeps jobs in memory and runs them when told to, in this process and on a clock that only the test moves.

    ```python
    app = MemoryApp(tasks)
    app.enqueue(send_welcome, user_id=42)
    assert app.enqueued(send_welcome, user_id=42)
    await app.drain()
    ```

    Args:
        tasks: the tasks that its jobs may call.
        transaction: opens what `ctx.transaction()` gives, such as `engine.begin` of the test's own database.
    """

    def __init__(self, *tasks: Tasks, transaction: OpenConnection | None = None) -> None:
        self.tasks = Tasks()
        for each in tasks:
            self.tasks.include(each)
        self.clock = MovableClock(datetime.now(UTC))
        """What jobs are due by; `app.clock.move(timedelta(hours=1))`."""
        self._transaction = transaction
        self._store = MemoryStore(self.clock)
        self._new_jobs = NewJobs(MsgspecCodec(), self.clock)
        self._ids = UuidV7Ids()

    @overload
    def enqueue(self, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> EnqueuedJob: ...
    @overload
    def enqueue(self, task: Task | str, payload: Mapping[str, Any] = ..., /) -> EnqueuedJob: ...
    def enqueue(self, task: Any, /, *args: Any, **payload: Any) -> EnqueuedJob:
        """Enqueue one job here, checked as anywhere."""
        (answer,) = self._add([self._new_jobs.make(task, args, payload)])
        return answer

    def enqueued(self, task: Handler | Task | str | None = None, /, **payload: Any) -> list[SeenJob]:
        """Return the jobs that were ever enqueued, of `task`, with at least these payload fields; oldest first."""
        name = None if task is None else _name(task)
        seen = [SeenJob.of(job) for job in self._store.jobs.values() if name in (None, job.task)]
        return [job for job in seen if payload.items() <= job.payload.items()]

    def job(self, job_id: JobId) -> SeenJob:
        """Return one job as it is now."""
        return SeenJob.of(self._store.jobs[job_id])

    async def drain(self, *, failures: Literal["raise", "keep"] = "raise", limit: int = 1_000) -> list[SeenJob]:
        """Run jobs until none is due, in the order in which a worker would; return each as its attempt left it.

        A handler that fails without having asked for it (by `Retry`, `Snooze` or `Discard`) makes this raise
        `JobFailed` from what it raised, after the failure was stored; `failures="keep"` goes on with the others. What
        is put off comes up again once the clock is moved. More than `limit` jobs are taken for an endless chain.
        """
        runs = self._runs(self._store)
        jobs: list[SeenJob] = []
        while (ran := await runs.run_one()) is not None:
            jobs.append(ran.job)
            if ran.unexpected and failures == "raise":
                raise JobFailed(ran.job) from ran.raised
            if len(jobs) > limit:
                raise RuntimeError(f"more than {limit} jobs were due: do they enqueue each other? else give a limit")
        return jobs

    @overload
    async def perform(self, task: TaskLike[P], /, *args: P.args, **payload: P.kwargs) -> Any: ...
    @overload
    async def perform(self, task: Task | str, payload: Mapping[str, Any] = ..., /) -> Any: ...
    async def perform(self, task: Any, /, *args: Any, **payload: Any) -> Any:
        """Run one attempt of `task` now and return its result, as what it is read back as from JSON.

        The payload is written as JSON and read back too. Whatever the handler raises is raised here. Jobs that it asks
        for with `ctx.enqueue` are among those `enqueued`.
        """
        new_job = self._completed(self._new_jobs.make(task, args, payload))
        aside = MemoryStore(self.clock)
        spec = attrs.evolve(new_job.spec, run_at=None, delay=None, expires_at=None, unique=None)
        job_id = self._ids.new()
        with Transaction(aside) as transaction:
            store_birth(transaction, Birth(job_id, attrs.evolve(spec, payload=new_job.payload)))
            transaction.commit()
        ran = await self._runs(aside).run_one()
        self._store.jobs.update({child: job for child, job in aside.jobs.items() if child != job_id})
        return _result(ran)

    @contextmanager
    def catching(self) -> Iterator[Self]:
        """Have every enqueue of this process end here within the block, whatever it is made through.

        That is `enqueue` into any session, `Producer` and `AsyncProducer`; no database is asked. What is enqueued in
        a SQLAlchemy transaction that is rolled back disappears again.
        """
        with diverted(Diversion(self._add, self._withdraw)):
            yield self

    def _runs(self, store: MemoryStore) -> Runs:
        return Runs(store, self.tasks, self._new_jobs, self._transaction)

    def _add(self, jobs: Sequence[NewJob]) -> list[EnqueuedJob]:
        births = [self._birth(self._completed(job)) for job in jobs]
        with Transaction(self._store) as transaction:
            answers = [_answer(store_birth(transaction, birth)) for birth in births]
            transaction.commit()
        return answers

    def _withdraw(self, job_ids: Iterable[JobId]) -> None:
        for job_id in job_ids:
            self._store.jobs.pop(job_id, None)

    def _birth(self, job: NewJob) -> Birth:
        return Birth(self._ids.new(), attrs.evolve(job.spec, payload=job.payload))

    def _completed(self, job: NewJob) -> NewJob:
        task = next((task for task in self.tasks if job.spec.task in task.names), None)
        return job if task is None else job.completed(_declaration(job.spec.task, task))


def _name(task: Handler | Task | str) -> str:
    if isinstance(task, str):
        return task
    return task.id if isinstance(task, Task) else task_of(task).id


def _declaration(name: str, task: Task) -> TaskDeclaration:
    return TaskDeclaration(name, task.queue, task.max_retries, task.backoff, task.timeout)


def _answer(answer: Enqueued) -> EnqueuedJob:
    match answer:
        case Created(job):
            return EnqueuedJob(job.id, EnqueueOutcome.CREATED)
        case Existing(job):
            return EnqueuedJob(job.id, EnqueueOutcome.EXISTING)
    return EnqueuedJob(answer.existing_job_id, EnqueueOutcome.REJECTED)


def _result(ran: Ran | None) -> Any:
    if ran is None:
        raise AssertionError("the job was not due")
    if ran.raised is not None:
        raise ran.raised
    if ran.unexpected:
        raise JobFailed(ran.job)
    return ran.job.result
