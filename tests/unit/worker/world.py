"""A worker on memory adapters, whose time passes only when a test says so."""

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs

from equeue.adapters.codec import MsgspecCodec
from equeue.adapters.memory.leases import MemoryJobLeases
from equeue.adapters.memory.platform import CountedIds, FixedJitter, MovableClock
from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.adapters.memory.store import MemoryStore
from equeue.adapters.memory.transactions import MemoryTransactions
from equeue.adapters.memory.unit_of_work import memory_units_of_work
from equeue.application.binding import KnownTasks
from equeue.application.enqueue import Draft, Enqueue
from equeue.application.maintenance import (
    EXPIRE_EVERY,
    FORGET_EVERY,
    ExpireJobs,
    ForgetAnswers,
    Pass,
    RecoverLapses,
)
from equeue.application.manage import ManageJobs
from equeue.application.ports.jobs import Created, JobLeases
from equeue.application.ports.platform import Ids
from equeue.application.ports.reads import Attempt
from equeue.application.settle import SettleAttempts
from equeue.application.tasks import Tasks
from equeue.domain.errors import Unavailable
from equeue.domain.ids import UUID, JobId
from equeue.domain.job import Job
from equeue.domain.lease import ClaimOrder
from equeue.domain.spec import JobSpec
from equeue.entrypoints.worker.parts import WorkerParts, WorkerRules
from equeue.entrypoints.worker.run import Run
from equeue.entrypoints.worker.runtime import Worker

PATIENCE = 20.0
RULES = WorkerRules()


class HandMovedTimers:
    """Timers that go off when the clock is moved past them, in order."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, Alarm]] = []

    def after(self, seconds: float, then: Callable[[], object]) -> "Alarm":
        alarm = Alarm(then)
        if seconds <= 0:
            asyncio.get_running_loop().call_soon(alarm.go_off)
        else:
            heapq.heappush(self._waiting, (self._clock.monotonic() + seconds, next(self._numbers), alarm))
        return alarm

    async def move(self, seconds: float) -> None:
        """Let time pass, alarm by alarm, each with all that follows from it."""
        end = self._clock.monotonic() + seconds
        await breathe()
        while self._waiting and self._waiting[0][0] <= end + 1e-9:
            at, _, alarm = heapq.heappop(self._waiting)
            # A clock moves by whole microseconds; one that stood just short of an alarm would never pass it.
            self._clock.move(timedelta(microseconds=math.ceil(max(at - self._clock.monotonic(), 0.0) * 1e6)))
            alarm.go_off()
            await breathe()
        self._clock.move(timedelta(seconds=max(end - self._clock.monotonic(), 0.0)))
        await breathe()


@attrs.define
class Alarm:
    then: Callable[[], object] | None

    def cancel(self) -> None:
        self.then = None

    def go_off(self) -> None:
        then, self.then = self.then, None
        if then is not None:
            then()


async def breathe() -> None:
    """Let everything that can go on without time passing go on."""
    for _ in range(50):
        await asyncio.sleep(0)


class KeptLog:
    """A log whose lines a test can read."""

    def __init__(self, lines: list[tuple[str, dict[str, object]]] | None = None, **bound: object) -> None:
        self.lines = [] if lines is None else lines
        self._bound = bound

    def bind(self, **fields: object) -> "KeptLog":
        return KeptLog(self.lines, **{**self._bound, **fields})

    def debug(self, event: str, **fields: object) -> None:
        self.lines.append((event, {**self._bound, **fields}))

    info = warning = error = debug

    def events(self) -> list[str]:
        return [event for event, _ in self.lines]


@attrs.define
class Line:
    """The way to the database, which a test can cut; cut calls have no effect, or had it and lost their answer."""

    leases: MemoryJobLeases
    cut: bool = False
    mute_answers: bool = False
    calls: list[str] = attrs.Factory(list)
    instead: dict[str, Callable[..., Any]] = attrs.Factory(dict)

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self.leases, verb)

        async def call(*arguments: Any) -> Any:
            self.calls.append(verb)
            if self.cut:
                raise Unavailable("the line is cut")
            answer = await self.instead.get(verb, method)(*arguments)
            if self.mute_answers:
                raise Unavailable("the line was cut before the answer came")
            return answer

        return call


class World:
    """A database, a queue of hints and any number of workers, all in memory and on one clock."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.timers = HandMovedTimers(self.clock)
        self.store = MemoryStore(self.clock)
        self.queue = MemoryJobQueue()
        self.log = KeptLog()
        self.units = memory_units_of_work(self.store)
        self.ids: Ids = CountedIds()
        self.enqueue_jobs = Enqueue(self.units, self.queue, self.clock, self.ids)
        self.manage = ManageJobs(self.units, self.queue)
        self.line = Line(MemoryJobLeases(self.store))
        self.heart_line = Line(MemoryJobLeases(self.store))
        self._numbers = itertools.count(1)
        self._working: list[tuple[Worker, asyncio.Task[int]]] = []

    def parts(self, tasks: Tasks, rules: WorkerRules = RULES, **changes: Any) -> WorkerParts:
        leases: JobLeases = self.line
        codec = MsgspecCodec()
        return attrs.evolve(
            WorkerParts(
                worker_id=UUID(int=next(self._numbers)),
                known=KnownTasks.of(tasks, codec),
                codec=codec,
                leases=leases,
                settle=SettleAttempts(leases, FixedJitter()),
                open_heartbeat=self._open_heartbeat,
                queue=self.queue,
                units_of_work=self.units,
                recover=RecoverLapses(leases, FixedJitter()),
                passes=(
                    Pass("expire", EXPIRE_EVERY, ExpireJobs(leases).run),
                    Pass("forget", FORGET_EVERY, ForgetAnswers(self.units).run),
                ),
                transactions=MemoryTransactions(self.store),
                clock=self.clock,
                jitter=FixedJitter(),
                ids=self.ids,
                log=self.log,
                rules=rules,
            ),
            **changes,
        )

    async def start(self, tasks: Tasks, rules: WorkerRules = RULES, **changes: Any) -> Worker:
        """Start a worker; it is stopped at the end of the test."""
        worker = Worker(self.parts(tasks, rules, **changes), timers=self.timers, threaded_heart=False)
        started = self.log.events().count("worker.started")
        self._working.append((worker, asyncio.create_task(worker.run())))
        await self.until(lambda: self.log.events().count("worker.started") > started)
        return worker

    async def enqueue(self, task: str, payload: bytes = b"{}", **fields: Any) -> JobId:
        """Enqueue one job of `task` as it is declared, or with other settings."""
        return (await self.enqueue_all([JobSpec(task, payload)], **fields))[0]

    async def enqueue_all(self, specs: Sequence[JobSpec], **fields: Any) -> list[JobId]:
        answers = await self.enqueue_jobs([Draft(spec, **fields) for spec in specs])
        return [answer.job.id for answer in answers if isinstance(answer, Created)]

    def job(self, job_id: JobId) -> Job:
        return self.store.jobs[job_id]

    def attempts(self, job_id: JobId) -> list[Attempt]:
        found = [(fence.token, attempt) for fence, attempt in self.store.attempts.items() if fence.job_id == job_id]
        return [attempt for _, attempt in sorted(found, key=lambda each: each[0])]

    async def until(self, true: Callable[[], bool]) -> None:
        """Go on without time passing until something is true."""
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"it never became true: {self.log.events()}"
            await asyncio.sleep(0)

    async def until_ended(self, *job_ids: JobId) -> None:
        await self.until(lambda: all(self.job(job_id).status.ended for job_id in job_ids))

    async def hand_over(self, worker: Worker) -> None:
        """Give the worker one claim more than it has slots, as a prefetch does."""
        order = ClaimOrder(worker._parts.worker_id, worker._parts.queues, 1, worker._parts.rules.lease, begun=False)
        now = self.clock.monotonic()
        claims = await self.line.leases.claim(order)
        runs = [Run(claim, now, now + worker._parts.rules.lease.total_seconds()) for claim in claims]
        worker._hold(runs)
        worker._runner.accept(runs, first=False)

    async def stop(self) -> list[int]:
        """Stop all workers and return their exit codes."""
        for worker, _ in self._working:
            worker.stop()
        working, self._working = self._working, []
        for _, task in working:
            for _ in range(100):
                await breathe()
                if task.done():
                    break
                await self.timers.move(1)
        return [await asyncio.wait_for(task, 10) for _, task in working]

    @asynccontextmanager
    async def _open_heartbeat(self) -> AsyncIterator[JobLeases]:
        yield self.heart_line
