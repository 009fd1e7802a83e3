"""Carrying bulk operations out: one bounded batch at a time, by any process, each job decided on exactly once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from ..domain.bulk import BulkOperation, Tally
from ..domain.bulk_plan import BulkPlan, Decided
from ..domain.errors import DomainError, InvalidJob
from ..domain.events import JobEvent
from ..domain.job import Job
from .deciding import write
from .ports.bulk import Batch
from .ports.platform import Clock
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitOfWork, UnitsOfWork
from .signals import announce

FIRST, LEAST, MOST = 20, 5, 20
"""How many jobs a batch has at first, where the database is slow, and at most.

Deciding on them keeps the loop of a worker busy, on which its handlers wait. The 99th percentile of other jobs' pickups
was 3.0 times the quiet one with sets of 250, 2.25 with 50 and 1.8 with 20 (`python -m bench.bulk`).
"""
TARGET = 0.1
"""How long a batch should take, in seconds: nobody waits longer for a row that it holds."""
BULK_EVERY = timedelta(seconds=2)
"""How often some process looks whether there is an operation to carry out."""
RESTS = 2.0
"""After a batch its operation rests for so many times as long, so that other work has most of the database."""
WINDOW = 10
"""So many jobs are looked at for each that is wanted, and more where few are meant."""
WIDEST = 100


@attrs.define
class Pace:
    """How large the next batch is, from what the last one took."""

    size: int = FIRST
    spread: int = WINDOW

    @property
    def window(self) -> int:
        """How many jobs are looked at at most."""
        return max(self.size, FIRST) * self.spread

    def learn(self, jobs: int, took: float) -> None:
        """Grow slowly while batches are quick, shrink at once when one was not; look further where little is meant."""
        if took > TARGET:
            self.size = max(min(self.size, LEAST), int(self.size * max(TARGET / took, 0.25)))
        elif jobs >= self.size:
            self.size = min(MOST, self.size + max(1, self.size // 2))
        few = jobs * 2 < self.size
        self.spread = min(WIDEST, self.spread * 2) if few and took <= TARGET else WINDOW

    def falter(self) -> bool:
        """Make batches smaller, down to single jobs; false if they are that already."""
        small, self.size = self.size <= 1, max(1, self.size // 8)
        return not small


@attrs.define(eq=False)
class AdvanceBulk:
    """The pass that does one batch of the operation that rested longest.

    Jobs, counters and cursor are written in one transaction, under a lock on the operation: whoever is killed has
    either done a batch or not begun it, and nobody else does it meanwhile.
    """

    units_of_work: UnitsOfWork
    queue: JobQueue
    clock: Clock
    pace: Pace = attrs.field(factory=Pace)
    _busy: bool = attrs.field(default=False, init=False)

    async def __call__(self) -> bool:
        """Do one batch; tell whether this process should soon look again."""
        began = self.clock.monotonic()
        events: list[JobEvent] = []
        try:
            async with self.units_of_work() as unit:
                operation = await unit.bulk.take()
                if operation is None:
                    # Its rest is not over: whoever did the last batch stays with it, others leave it alone.
                    self._busy = self._busy and await unit.bulk.any_open()
                    return self._busy
                after = await self._advance(unit, operation, events)
                took = self.clock.monotonic() - began
                await unit.bulk.save(after, timedelta(seconds=took * RESTS))
                await unit.commit()
        except InvalidJob:
            return await self._stumble()
        self.pace.learn(after.tally.matched - operation.tally.matched, took)
        self._busy = True
        await announce(self.queue, events)
        return True

    async def _advance(self, unit: UnitOfWork, operation: BulkOperation, events: list[JobEvent]) -> BulkOperation:
        batch = await self._next(unit, operation)
        now = await unit.now()
        done = await _Deciding(unit, operation.plan, now, events)(batch.jobs)
        came = Tally(done=done, skipped=len(batch.jobs) - done)
        return operation.advance(came, batch.cursor, now, last=batch.last)

    async def _next(self, unit: UnitOfWork, operation: BulkOperation) -> Batch:
        pace = self.pace
        return await unit.selection.next(operation.plan, operation.cursor, limit=pace.size, window=pace.window)

    async def _stumble(self) -> bool:
        """Go on after a batch that could not be written: in smaller steps, and past the one job that it was."""
        if not self.pace.falter():
            async with self.units_of_work() as unit:
                operation = await unit.bulk.take()
                if operation is not None:
                    batch = await self._next(unit, operation)
                    failed = Tally(failed=len(batch.jobs))
                    now = await unit.now()
                    await unit.bulk.save(operation.advance(failed, batch.cursor, now, last=batch.last))
                    await unit.commit()
        return True


@attrs.frozen
class _Deciding:
    """Decides on a set of jobs, and again on those that moved on before the decision was written."""

    unit: UnitOfWork
    plan: BulkPlan
    now: datetime
    events: list[JobEvent]

    async def __call__(self, jobs: Sequence[Job]) -> int:
        """Return how many were changed or deleted; `events` holds what happened to them."""
        done, undecided = 0, jobs
        while undecided:
            decided = {job.id: (job, decision) for job in undecided if (decision := self._decide(job)) is not None}
            refused = await write(self.unit.jobs, ((job, decision.after) for job, decision in decided.values()))
            done += len(decided) - len(refused)
            for job_id, (_, decision) in decided.items():
                if job_id not in refused:
                    self.events.extend(decision.events)
            undecided = await self.unit.jobs.load(refused) if refused else ()
        return done

    def _decide(self, job: Job) -> Decided | None:
        try:
            return self.plan.decide(job, self.now)
        except DomainError:
            return None
