"""The slots: claims are started as slots come free, one by one, and stopped when they must be."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable
from functools import partial
from typing import Any, TypeAlias

import attrs

from ...application.execute import Execute
from ...application.failures import failure
from ...application.heartbeat import Hold
from ...application.judging import Stop, stopped_outcome
from ...application.ports.platform import Clock
from ...application.ports.runtime import Timers
from ...application.ports.telemetry import Log
from ...domain.ids import JobId
from ...domain.outcomes import CancelAcknowledged, Failed, Outcome, Released
from .deadlines import Deadlines
from .parts import WorkerRules
from .run import NEVER, Run

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, Outcome], str], "asyncio.Task[Outcome]"]
"""Starts a coroutine of that name on the worker's loop; it may have ended when this returns."""

SLICE = 100
"""Start no more than so many handlers before the loop gets to its other work."""


@attrs.frozen
class Exits:
    """What a runner tells the others.

    How a run `ended`; that one's lease is `gone`; that such a `lost` one's handler has ended; that there is `room`.
    """

    ended: Callable[[Hold, Outcome], None]
    gone: Callable[[Hold], None]
    lost: Callable[[Hold], None]
    room: Callable[[], None]


class Runner:
    """Runs claims in `concurrency` slots. All of it happens on the worker's loop."""

    def __init__(
        self, execute: Execute, clock: Clock, timers: Timers, spawn: Spawn, rules: WorkerRules, log: Log, exits: Exits
    ) -> None:
        self._execute = execute
        self._clock = clock
        self._timers = timers
        self._spawn = spawn
        self._log = log
        self._exits = exits
        self._slots = rules.concurrency
        self._patience = rules.lease.total_seconds() / 4
        self._grace = rules.cancel_grace.total_seconds()
        self._child_start = rules.child_start.total_seconds()
        self._margin = min(1.0, rules.lease.total_seconds() / 20)
        self._waiting: deque[Run] = deque()
        self._running: dict[Run, None] = {}
        self._deadlines = Deadlines(clock, timers, self._sweep)
        self._pumping = False
        self._closed = False
        self.unknown: set[str] = set()
        self.ended = 0
        self.stuck = 0

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many claims wait for a slot."""
        return len(self._waiting)

    def close(self) -> int:
        """Begin nothing more: give back what waits now and whatever comes in later; return how many wait now."""
        self._closed = True
        return self._give_back()

    def accept(self, runs: Iterable[Run], *, first: bool) -> None:
        """Take claims in: `first` puts them before those that wait already."""
        if first:
            self._waiting.extendleft(reversed(list(runs)))
        else:
            self._waiting.extend(runs)
        if self._closed:
            self._give_back()
        if self._waiting:
            self._deadlines.watch(self._waiting[-1].claimed_at + self._patience)
        self._pump()

    def cancel(self, job_ids: Collection[JobId]) -> None:
        """Stop those of the jobs that are here because somebody asked to."""
        for run in [run for run in self._running if run.claim.job_id in job_ids]:
            self._stop(run, Stop.CANCEL)
        for run in [run for run in self._waiting if run.claim.job_id in job_ids]:
            self._waiting.remove(run)
            self._exits.ended(run, CancelAcknowledged())

    def lose(self, holds: Iterable[Hold]) -> None:
        """Stop runs whose lease somebody else may hold now; what they do from here on is not written."""
        for run in holds:
            self._exits.gone(run)
            if isinstance(run, Run) and run in self._running:
                self._stop(run, Stop.LOST)
            elif isinstance(run, Run) and run in self._waiting:
                self._waiting.remove(run)

    def stop_all(self, reason: Stop) -> None:
        """Stop every running handler."""
        for run in list(self._running):
            self._stop(run, reason)

    def abandon_all(self) -> None:
        """Stop waiting for handlers that were stopped and did not end."""
        for run in list(self._running):
            self._abandon(run)

    def _give_back(self) -> int:
        given = len(self._waiting)
        while self._waiting:
            self._exits.ended(self._waiting.popleft(), Released())
        return given

    def _pump(self) -> None:
        """Fill free slots from the claims that wait."""
        if self._pumping:
            return
        self._pumping = True
        started = 0
        while self._waiting and len(self._running) < self._slots and started < SLICE:
            self._start(self._waiting.popleft())
            started += 1
        self._pumping = False
        if started == SLICE:
            self._timers.after(0.0, self._pump)
        self._exits.room()

    def _start(self, run: Run) -> None:
        attempt = self._execute.begin(run.claim)
        if attempt is None:
            self.unknown.add(run.claim.task)
            self._exits.ended(run, Released())
            return
        run.begin(attempt, self._clock.monotonic())
        if attempt.bound.task.isolation is not None:
            run.deadline += self._child_start
            attempt.begins = partial(self._begins, run)
        self._running[run] = None
        run.task = task = self._spawn(self._execute(attempt), run.claim.task)
        if task.done():
            self._finished(run, task)
        else:
            task.add_done_callback(partial(self._finished, run))
            self._deadlines.watch(run.due(self._margin))

    def _begins(self, run: Run) -> None:
        """Count time from here: the process that was to be started first is there."""
        if run.attempt is not None and run.stop is None:
            run.begin(run.attempt, self._clock.monotonic())
            self._deadlines.watch(run.due(self._margin))

    def _finished(self, run: Run, task: "asyncio.Task[Outcome]") -> None:
        outcome = _outcome(run, task)
        if run not in self._running:
            if run.attempt is None or run.attempt.bound.task.isolation is None:
                self._log.warning("handler.late", job_id=str(run.claim.job_id), task=run.claim.task)
            return
        del self._running[run]
        self._end(run, outcome)
        self._pump()

    def _end(self, run: Run, outcome: Outcome) -> None:
        self.ended += 1
        if run.stop is Stop.TIMEOUT and run.attempt is not None:
            outcome = run.attempt.bound.task.errors.of_timeout(outcome)
        if run.stop is Stop.LOST:
            self._exits.lost(run)
        else:
            self._exits.ended(run, outcome)

    def _stop(self, run: Run, reason: Stop) -> None:
        if run.attempt is None or run.task is None or not run.attempt.stop_for(reason):
            return
        run.task.cancel()
        run.grace_until = self._clock.monotonic() + self._grace
        self._deadlines.watch(run.grace_until)

    def _abandon(self, run: Run) -> None:
        """Give the slot to others although the handler still runs; its late result will be dropped."""
        del self._running[run]
        reason = run.stop or Stop.SHUTDOWN
        if run.attempt is not None and run.attempt.kill is not None:
            run.attempt.kill()
        else:
            self.stuck += 1
            self._log.error("handler.stuck", job_id=str(run.claim.job_id), task=run.claim.task, stopped_for=str(reason))
            if run.attempt is not None and not run.attempt.bound.runs_on_loop:
                self._execute.threads.write_off()
        self._end(run, stopped_outcome(reason))

    def _sweep(self, now: float) -> float | None:
        """Stop or abandon whoever is due, and return when to sweep again."""
        for run in [run for run in self._running if run.due(self._margin) <= now]:
            if run.stop is not None:
                self._abandon(run)
            elif run.deadline <= now:
                self._stop(run, Stop.TIMEOUT)
            else:
                self._stop(run, Stop.CUT_OFF)
        while self._waiting and self._waiting[0].claimed_at + self._patience <= now:
            self._exits.ended(self._waiting.popleft(), Released())
        self._pump()
        upcoming = min((run.due(self._margin) for run in self._running), default=NEVER)
        if self._waiting:
            upcoming = min(upcoming, self._waiting[0].claimed_at + self._patience)
        return None if upcoming == NEVER else upcoming


def _outcome(run: Run, task: "asyncio.Task[Outcome]") -> Outcome:
    if task.cancelled():
        return stopped_outcome(run.stop or Stop.SHUTDOWN)
    raised = task.exception()
    return task.result() if raised is None else Failed(failure(raised))
