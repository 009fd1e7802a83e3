"""The worker: its loops, put together, started, and stopped in order."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ...application.child_jobs import BearChildren, asking
from ...application.execute import Execute
from ...application.heartbeat import Beat, Hold
from ...application.judging import Stop
from ...application.new_jobs import NewJobs
from ...application.ports.jobs import JobLeases
from ...application.ports.runtime import Post, Timers
from ...application.shares import ClaimsByShare, Shares
from ..loops.bell import Bell
from ..loops.keeping import keep
from ..loops.maintaining import Chores, LocalCadences, Maintainer
from ..loops.outage import Outage
from ..loops.timers import LoopTimers, cancelled, post_from_threads
from ..loops.timers import spawn as spawn_task
from .announcing import announcer
from .beating import Heart, Pulses
from .children import Children
from .claiming import Claimer, Source
from .declaring import declare
from .heart_thread import HeartThread
from .listening import Listener
from .parts import WorkerParts
from .plan import plan
from .probes import Vital
from .run import Run
from .running import Exits, Runner, Spawn
from .settling import Settler
from .threads import HandlerThreads
from .watching import Lookout, LoopWatch, loop_blocker

LAST_WRITES = 5.0
"""How long a stopping worker goes on trying to write how its attempts ended, in seconds."""


class Worker:
    """Claims, runs and settles jobs until told to stop.

    `timers`, `spawn` and `threaded_heart` are what a simulator replaces; production leaves them as they are.
    """

    def __init__(
        self,
        parts: WorkerParts,
        *,
        timers: Timers | None = None,
        spawn: Spawn = spawn_task,
        threaded_heart: bool = True,
    ) -> None:
        timers = timers or LoopTimers()
        self._parts = parts
        self._timers = timers
        self._threaded_heart = threaded_heart
        self._holds: dict[Hold, None] = {}
        self._log = parts.log.bind(worker_id=str(parts.worker_id))
        self._outage = Outage(self._log, parts.jitter)
        self._stop_bell = Bell(timers)
        self._drained = Bell(timers)
        self._draining = self._hurried = False
        self._broken = self._working = False
        self._post: Post = lambda call: call()
        self._lookout: Lookout | None = None
        self._threads = HandlerThreads(parts.rules.concurrency)
        self._children = Children(parts)
        self._settler = self._make_settler()
        self._runner = self._make_runner(spawn)
        self._claimer = self._make_claimer()
        self._maintainer = self._make_maintainer()
        self._listener = Listener(parts.queue, parts.queues, parts.rules, parts.jitter, self._claimer, self._runner)
        self._heart = Heart(
            parts.open_heartbeat,
            parts.rules,
            parts.clock,
            timers,
            self._outage,
            Pulses(self._held, self._on_beat, self._look_out),
        )

    async def run(self) -> int:
        """Work until stopped; return the exit code, 0 if everything in hand was brought to its end."""
        loop = asyncio.get_running_loop()
        self._post = post_from_threads(loop)
        if self._threaded_heart:
            self._lookout = self._make_lookout(loop)
        await declare(
            self._parts, self._outage.patience("declare", self._timers), self._claimer, lambda: self._draining
        )
        self._log.info("worker.started", **plan(self._parts))
        heart = self._start_heart()
        self._working = True
        settling = self._own("settle", self._settler.run)
        claiming = self._own("claim", self._claimer.run)
        maintaining = self._own("maintenance", self._maintainer.run)
        listening = self._own("listen", self._listener.run)
        announcing = self._own("presence", announcer(self._parts, self._timers, self._outage).run)
        await self._stop_bell.rest()
        self._claimer.stop()
        given = self._runner.close()
        await claiming
        await cancelled(listening)
        await cancelled(announcing)
        await self._drain(given)
        self._maintainer.stop()
        written = await self._write_last(settling)
        await maintaining
        await heart()
        self._threads.close()
        await self._children.close()
        self._log.info("worker.stopped", stuck=self._runner.stuck, unwritten=len(self._holds))
        return 0 if written and not self._broken else 1

    def stop(self) -> None:
        """Stop in order: claim nothing more, give back what has not begun, let the rest end within the grace."""
        self._draining = True
        self._stop_bell.ring()

    def hurry(self) -> None:
        """Stop without further patience: running handlers are cancelled now."""
        self._hurried = True
        self.stop()
        self._drained.ring()

    @property
    def stuck(self) -> int:
        """How many handlers were given up on and may still run."""
        return self._runner.stuck

    def vital(self) -> Vital:
        """Tell how the worker stands; from any thread."""
        away = "the database is away" if self._outage.lasts else ""
        why = "stopping" if self._draining else away if self._working else "starting"
        runner, unwritten, slots = self._runner, self._settler.backlog, self._parts.rules.concurrency
        return Vital(not self._broken, why, slots, runner.running, len(self._holds), unwritten, runner.stuck)

    async def _drain(self, given: int) -> None:
        """Bring what runs to its end within the grace, or give it back as what waited was."""
        grace = self._parts.rules.drain_grace.total_seconds()
        cleanup = min(self._parts.rules.cancel_grace.total_seconds(), grace / 4)
        self._log.info("worker.draining", running=self._runner.running, given_back=given, grace_s=grace)
        await self._until_idle(0.0 if self._hurried else grace - cleanup)
        self._runner.stop_all(Stop.SHUTDOWN)
        await self._until_idle(cleanup)
        self._runner.abandon_all()

    async def _until_idle(self, seconds: float) -> None:
        until = self._parts.clock.monotonic() + seconds
        while self._runner.running and (left := until - self._parts.clock.monotonic()) > 0:
            hurried = self._hurried
            await self._drained.rest(left)
            if self._hurried and not hurried:
                return

    async def _write_last(self, settling: "asyncio.Task[None]") -> bool:
        written = Bell(self._timers)
        settling.add_done_callback(lambda _: written.ring())
        self._settler.close()
        if await written.rest(LAST_WRITES):
            return True
        self._log.error("worker.unwritten", attempts=self._settler.backlog)
        await cancelled(settling)
        return False

    def _own(self, name: str, loop: Callable[[], Coroutine[Any, Any, None]]) -> "asyncio.Task[None]":
        work = keep("worker.loop_broke", name, loop, self._timers, self._log)
        return asyncio.create_task(work, name=f"equeue-{name}")

    def _start_heart(self) -> Callable[[], Coroutine[Any, Any, None]]:
        if not self._threaded_heart:
            beating = self._own("heartbeat", self._heart.run)

            async def stop() -> None:
                self._heart.stop()
                await beating

            return stop
        thread = HeartThread(self._heart, self._heart_broke)
        thread.start()
        return thread.stop

    def _heart_broke(self, broken: BaseException) -> None:
        """Stop the worker: without heartbeats its leases would lapse under running handlers."""
        self._log.error("worker.heart_broke", error=repr(broken), exc_info=broken)
        self._broken = True
        self._post(self.hurry)

    def _held(self) -> Sequence[Hold]:
        return list(self._holds)

    def _on_beat(self, beat: Beat) -> None:
        self._post(lambda: self._apply(beat))

    def _look(self) -> None:
        self._claimer.look()

    def _look_ahead(self) -> None:
        self._maintainer.tick_soon()

    async def _look_out(self, leases: JobLeases) -> None:
        if self._lookout is not None:
            await self._lookout.look(leases)

    def _make_lookout(self, loop: asyncio.AbstractEventLoop) -> Lookout:
        parts = self._parts
        watch = LoopWatch(parts.clock, self._post, self._log, loop_blocker(loop))
        return Lookout(watch, self._held, parts.clock, parts.settle, parts.rules, self._log)

    def _apply(self, beat: Beat) -> None:
        self._runner.lose(beat.lost)
        if beat.cancel:
            self._runner.cancel({hold.claim.job_id for hold in beat.cancel})

    def _hold(self, runs: Sequence[Run]) -> None:
        self._holds.update(dict.fromkeys(runs))

    def _let_go(self, holds: Sequence[Hold]) -> None:
        for hold in holds:
            self._holds.pop(hold, None)
        if self._parts.rules.max_jobs is not None and self._runner.ended >= self._parts.rules.max_jobs:
            self.stop()
        if self._parts.rules.burst and not self._holds:
            self._claimer.look()
        self._claimer.settled()

    def _room(self) -> None:
        self._claimer.room()
        if self._draining and not self._runner.running:
            self._drained.ring()

    def _make_settler(self) -> Settler:
        parts = self._parts
        patience = self._outage.patience("settle", self._timers)
        bear = BearChildren(parts.units_of_work, parts.queue, parts.clock)
        return Settler(
            parts.settle, bear, parts.clock, Bell(self._timers), patience, self._log, self._let_go, self._look
        )

    def _make_runner(self, spawn: Spawn) -> Runner:
        parts = self._parts
        execute = Execute(
            parts.known,
            parts.codec,
            self._threads,
            self._children.run,
            self._log,
            asking(NewJobs(parts.codec, parts.clock, parts.tracing.current), parts.ids),
            parts.transactions,
            parts.middleware,
            parts.rules.result_bytes,
        )
        exits = Exits(self._settler.add, lambda hold: self._let_go((hold,)), self._settler.drop, self._room)
        return Runner(execute, parts.clock, self._timers, spawn, parts.rules, self._log, exits)

    def _make_claimer(self) -> Claimer:
        parts = self._parts
        weights = parts.rules.weights
        claims = ClaimsByShare(parts.leases, Shares(weights)) if weights else parts.leases
        source = Source(claims, parts.worker_id, parts.queues, frozenset(parts.known.by_name))
        patience = self._outage.patience("claim", self._timers)
        return Claimer(
            source,
            parts.rules,
            self._runner,
            self._settler,
            parts.clock,
            parts.jitter,
            Bell(self._timers),
            patience,
            self._hold,
            self.stop,
            self._look_ahead,
        )

    def _make_maintainer(self) -> Maintainer:
        parts = self._parts
        chores = Chores(
            recover=parts.recover, passes=parts.passes, cadences=parts.cadences or LocalCadences(parts.clock)
        )
        return Maintainer(chores, self._timers, parts.jitter, self._outage, self._log, self._claimer, parts.queues)
