"""Watches the worker's loop from the heartbeat's thread, and ends the process when a handler will not let go of it."""

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeAlias

import attrs

from ...application.heartbeat import Hold
from ...application.judging import Stop, stopped_outcome
from ...application.ports.jobs import JobLeases
from ...application.ports.platform import Clock
from ...application.ports.runtime import Post
from ...application.ports.telemetry import Log
from ...application.settle import Ending, SettleAttempts
from ...domain.errors import Unavailable
from ...domain.outcomes import Outcome, Released, Succeeded
from .endings import ending
from .parts import WorkerRules
from .run import Run

BLOCKED = 1.0
"""A loop that has not answered for so many seconds is said to be blocked."""

MOMENT = 0.05
EXIT_BLOCKED = 70
FRAMES = 30


@attrs.frozen
class Blocker:
    """What the loop is at: the task it runs, if any, and the stack of its thread."""

    task: "asyncio.Task[Any] | None"
    stack: str


LookAtLoop: TypeAlias = Callable[[], Blocker]


def loop_blocker(loop: asyncio.AbstractEventLoop) -> LookAtLoop:
    """Return what tells, from another thread, what `loop`, which runs in this one, is at."""
    thread = threading.get_ident()

    def look() -> Blocker:
        frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other way to see another thread
        stack = "" if frame is None else "".join(traceback.format_stack(frame, limit=FRAMES))
        return Blocker(asyncio.current_task(loop), stack)

    return look


class LoopWatch:
    """Asks the loop for a sign of life, and tells once when it stays out, and once when it is back."""

    def __init__(self, clock: Clock, post: Post, log: Log, look: LookAtLoop) -> None:
        self._clock = clock
        self._post = post
        self._log = log
        self._look = look
        self._asked_at: float | None = None
        self._told = False

    def blocked(self) -> Blocker | None:
        """Return what blocks the loop, `None` if it answers."""
        now = self._clock.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._post(self._answer)
            return None
        if now - self._asked_at < BLOCKED:
            return None
        blocker = self._look()
        if not self._told:
            self._told = True
            self._log.warning("loop.blocked", blocked_s=round(now - self._asked_at, 1), stack=blocker.stack)
        return blocker

    def _answer(self) -> None:
        if self._told and self._asked_at is not None:
            self._log.info("loop.free", blocked_s=round(self._clock.monotonic() - self._asked_at, 1))
        self._told = False
        self._asked_at = None


class Lookout:
    """Ends the process for a handler that blocks the loop beyond its timeout and grace, or beyond its lease.

    Nothing else can stop such a handler. It is recorded as timed out and its neighbours are given back, all before
    the process ends; where the database does not answer, their leases lapse.
    """

    def __init__(
        self,
        watch: LoopWatch,
        holds: Callable[[], Sequence[Hold]],
        clock: Clock,
        settle: SettleAttempts,
        rules: WorkerRules,
        log: Log,
        end_process: Callable[[int], None] = os._exit,
    ) -> None:
        self._watch = watch
        self._holds = holds
        self._clock = clock
        self._settle = settle
        self._grace = rules.cancel_grace.total_seconds()
        self._log = log
        self._end_process = end_process

    async def look(self, leases: JobLeases) -> None:
        """Look after the loop once."""
        holds = self._holds()
        if not holds:
            return
        blocker = self._watch.blocked()
        if blocker is None:
            return
        now = self._clock.monotonic()
        runs = [hold for hold in holds if isinstance(hold, Run)]
        culprits = {run for run in _suspects(runs, blocker) if now >= min(run.deadline + self._grace, run.until)}
        if culprits and await self._still_blocked():
            await self._end(leases, runs, culprits, now)

    async def _still_blocked(self) -> bool:
        """Give a loop a moment that had none to answer in: the whole process may have been stopped, not it alone."""
        await asyncio.sleep(MOMENT)
        return self._watch.blocked() is not None

    async def _end(self, leases: JobLeases, runs: Sequence[Run], culprits: Collection[Run], now: float) -> None:
        jobs = [str(run.claim.job_id) for run in culprits]
        self._log.error("worker.ends_blocked", jobs=jobs, neighbours=len(runs) - len(culprits))
        settle = self._settle.elsewhere(leases)
        try:
            await settle(list(_endings(runs, culprits, now)))
        except Unavailable as away:
            self._log.warning("worker.unwritten", error=str(away))
        sys.stderr.flush()
        self._end_process(EXIT_BLOCKED)


def _suspects(runs: Sequence[Run], blocker: Blocker) -> Iterator[Run]:
    """Yield whose step the loop is at; all that run, if it is at something that none of them is known to have begun."""
    running = [run for run in runs if run.task is not None and run.ended is None]
    yield from [run for run in running if run.task is blocker.task] or running


def _timed_out(run: Run) -> Outcome:
    outcome = stopped_outcome(Stop.TIMEOUT)
    return outcome if run.attempt is None else run.attempt.bound.task.errors.of_timeout(outcome)


def _endings(runs: Sequence[Run], culprits: Collection[Run], now: float) -> Iterator[Ending]:
    for run in runs:
        if run.settling:
            continue
        outcome: Outcome = _timed_out(run) if run in culprits else run.ended or Released()
        children = (run.context.children or []) if run.context and isinstance(outcome, Succeeded) else []
        written = run.context is not None and run.context.open_transaction is not None
        if isinstance(outcome, Succeeded) and (written or any(child.undeclared for child in children)):
            outcome, children = Released(), []  # what only the worker's own loop could bring to its end
        yield ending(run, outcome, now, tuple(child.birth(run.claim, None) for child in children))
