"""Runs the jobs of a store one after another, through the very use cases that a worker runs them through."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from ..adapters.memory.leases import MemoryJobLeases
from ..adapters.memory.platform import FixedJitter
from ..adapters.memory.queue import MemoryJobQueue
from ..adapters.memory.store import MemoryStore
from ..adapters.memory.unit_of_work import memory_units_of_work
from ..adapters.system import UuidV7Ids
from ..application.binding import KnownTasks
from ..application.child_jobs import BearChildren, asking
from ..application.context import Context
from ..application.execute import Attempt, Execute
from ..application.failure_policies import FailurePolicies, Source
from ..application.failures import failure
from ..application.judging import Relayed
from ..application.new_jobs import NewJobs
from ..application.ports.transactions import TransactionRefused
from ..application.settle import Ending, SettleAttempts
from ..application.tasks import Call, Task, Tasks
from ..application.verdicts import Discard, Retry, Snooze
from ..domain.errors import UnknownTask
from ..domain.lease import ClaimOrder
from ..domain.outcomes import AttemptOutcome, Failed, Outcome, Succeeded
from ..domain.status import JobStatus
from .machinery import InlineProcesses, InlineThreads, LentTransactions, OpenConnection, StandardLog
from .seen import SeenJob

WORKER: Final = UUID("00000000-0000-7000-8000-00000000feed")
LEASE: Final = timedelta(minutes=1)
_UNEXPECTED = {AttemptOutcome.FAILED, AttemptOutcome.DISCARDED, AttemptOutcome.TIMED_OUT, AttemptOutcome.CRASHED}


@attrs.frozen
class Ran:
    """One attempt that was run: its job as it is now, and what its handler raised, if it did."""

    job: SeenJob
    raised: BaseException | None
    unexpected: bool
    """Whether it went wrong in a way that the handler did not ask for."""


class Runs:
    """A worker with one slot, and no time of its own."""

    def __init__(self, store: MemoryStore, tasks: Tasks, new_jobs: NewJobs, transaction: OpenConnection | None) -> None:
        units_of_work = memory_units_of_work(store)
        self._store = store
        self._leases = MemoryJobLeases(store)
        known = KnownTasks.of(tasks, new_jobs.codec)
        store.tasks.update((declared.id, declared) for declared in known.declarations())
        policies = FailurePolicies(Source(units_of_work, store.clock, UuidV7Ids()))
        self._settle = SettleAttempts(self._leases, FixedJitter(), policies)
        self._bear = BearChildren(units_of_work, MemoryJobQueue(), store.clock)
        self._raised: BaseException | None = None
        self._execute = Execute(
            known=known,
            codec=new_jobs.codec,
            threads=InlineThreads(),
            isolated=InlineProcesses(new_jobs.codec),
            log=StandardLog(),
            ask=asking(new_jobs, UuidV7Ids()),
            transactions=LentTransactions(transaction, self._leases),
            middleware=(self._notice, *tasks.layers),
        )

    async def run_one(self) -> Ran | None:
        """Run the job that is next, if any is due. Raises `UnknownTask` for a job that no task of this app is for."""
        await self._leases.expire(len(self._store.jobs))
        due = self._due_queues()
        claims = await self._leases.claim(ClaimOrder(WORKER, due, 1, LEASE)) if due else ()
        for claim in claims:
            attempt = self._execute.begin(claim)
            if attempt is None:
                raise UnknownTask(claim.task)
            self._raised = None
            await self._end(attempt, await self._execute(attempt))
            return self._ran(attempt)
        return None

    def _due_queues(self) -> tuple[str, ...]:
        now = self._store.clock.now()
        queued = (job for job in self._store.jobs.values() if job.status is JobStatus.QUEUED and job.run_at <= now)
        return tuple(sorted({job.queue for job in queued}))

    async def _end(self, attempt: Attempt, outcome: Outcome) -> None:
        """Write how the attempt ended, together with what its handler wrote, or else after undoing that."""
        ending = await self._ending(attempt, outcome)
        opened = attempt.context.open_transaction
        if opened is None:
            await self._settle([ending])
        elif not isinstance(outcome, Succeeded):
            await opened.roll_back()
            await self._settle([ending])
        else:
            try:
                await opened.settle(self._settle.decide(ending))
            except TransactionRefused as refused:
                self._raised = refused
                await self._settle([await self._ending(attempt, Failed(failure(refused)))])

    async def _ending(self, attempt: Attempt, outcome: Outcome) -> Ending:
        asked = attempt.context.children or ()
        (births,) = await self._bear.births([(attempt.claim, asked)]) if isinstance(outcome, Succeeded) else [()]
        return Ending(attempt.claim, outcome, timedelta(0), births)

    def _ran(self, attempt: Attempt) -> Ran:
        raised = self._raised
        own_word = isinstance(raised, Retry | Snooze | Discard)
        went_wrong = self._store.attempts[attempt.claim.fence].outcome in _UNEXPECTED
        return Ran(SeenJob.of(self._store.jobs[attempt.claim.job_id]), raised, went_wrong and not own_word)

    async def _notice(self, task: Task, context: Context, call: Call) -> Any:
        """Keep what a handler raises as it is; what is stored of it is only text."""
        del task, context
        try:
            return await call()
        except Relayed:
            raise
        except BaseException as raised:
            self._raised = raised
            raise
