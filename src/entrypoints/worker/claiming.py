"""The claim loop: as many jobs as there is room for, as soon as there may be any."""

from collections.abc import Callable, Sequence

import attrs

from ...application.dispatch import Appetite, Wish
from ...application.ports.catalogue import TaskDeclaration
from ...application.ports.platform import Clock, Jitter
from ...application.shares import Claims
from ...domain.errors import Unavailable
from ...domain.ids import JobId, WorkerId
from ...domain.lease import Claim, ClaimOrder, Granted, again_in
from ..loops.bell import Bell
from ..loops.outage import Patience
from .hinted import Hinted
from .parts import WorkerRules
from .run import NEVER, Run
from .running import Runner
from .settling import MOST, Settler

BACKLOG = 2 * MOST
"""With so many endings unwritten the database is behind, and nothing more is claimed."""

SPELL = 0.02
"""Where ids come by themselves, so much time goes by between looks that all bring jobs, for ids to come in between."""

SPREAD = 0.2
"""Which share of the time between two unasked looks is left to chance."""


@attrs.frozen
class Source:
    """Where claims come from, and on whose behalf."""

    leases: Claims
    worker_id: WorkerId
    queues: tuple[str, ...]
    known: frozenset[str]


class Claimer:
    """Claims jobs for a runner. It looks when told that there is work, when a slot comes free, and now and then.

    `in_vain` is called when it was told of work and found none: it may be work of the future.
    """

    def __init__(
        self,
        source: Source,
        rules: WorkerRules,
        runner: Runner,
        settler: Settler,
        clock: Clock,
        jitter: Jitter,
        bell: Bell,
        patience: Patience,
        hold: Callable[[Sequence[Run]], None],
        drained: Callable[[], None],
        in_vain: Callable[[], None],
    ) -> None:
        self._source = source
        self._rules = rules
        self._runner = runner
        self._settler = settler
        self._clock = clock
        self._jitter = jitter
        self._bell = bell
        self._patience = patience
        self._hold = hold
        self._drained = drained
        self._in_vain = in_vain
        self._appetite = Appetite(rules.concurrency, rules.lease, prefetch=rules.prefetch)
        self._ended_before = 0
        self._look_at = 0.0
        self._due_at = NEVER
        self._poll_at = 0.0
        self._hinted = Hinted()
        self._relies = False
        self._full = False
        self._kept_back = False
        self._limited = False
        self._stopped = False
        self.when_room: Callable[[], None] = lambda: None

    def look(self) -> None:
        """Look for work now: there is reason to believe that there is some."""
        self._look_at = 0.0
        self._bell.ring()

    def look_for(self, job_ids: Sequence[JobId]) -> None:
        """Look for these jobs, of which somebody said that they are due."""
        self._hinted.add(job_ids)
        self._bell.ring()

    @property
    def wanted(self) -> int:
        """How many ids of due jobs this worker has room for."""
        wish = None if self._stopped else self._wish(self._clock.monotonic())
        return 0 if wish is None else self._hinted.wanted(wish.limit)

    def rely(self, on_ids: bool) -> None:  # noqa: FBT001 - it says what it is
        """Note whether the ids of due jobs come by themselves; when they no longer do, look at once."""
        if self._relies and not on_ids:
            self.look()
        self._relies = on_ids

    def look_in(self, seconds: float) -> None:
        """Look for work in so many seconds at the latest: a job falls due then."""
        if self._relies and not self._limited:
            return  # its id will come
        self._due_at = min(self._due_at, self._clock.monotonic() + seconds)
        self._bell.ring()

    def nothing_due(self) -> None:
        """Put off the next unasked look: somebody looked just now and found nothing."""
        if 0.0 < self._look_at < NEVER:
            self._look_at = self._clock.monotonic() + self._pause()

    def look_around(self, declared: Sequence[TaskDeclaration]) -> None:
        """Claim known tasks alone if the served queues have others too; naming them costs where all are known."""
        queues, known = self._source.queues, self._source.known
        self._runner.unknown.update(each.id for each in declared if each.queue in queues and each.id not in known)

    def settled(self) -> None:
        """Note that endings were written: what limits kept back may start now."""
        if self._kept_back:
            self.look()
        self.room()

    def room(self) -> None:
        """Note that a slot came free: worth a look only if the last one left work behind."""
        if self._look_at == 0.0 or self._full:
            self._bell.ring()
        self.when_room()

    def stop(self) -> None:
        """Claim nothing more, and have `run` return."""
        self._stopped = True
        self._patience.end()
        self._bell.ring()

    async def run(self) -> None:
        """Claim until stopped."""
        self._look_at = 0.0
        while not self._stopped:
            now = self._clock.monotonic()
            wish = self._wish(now)
            if wish is None:
                self._full = True
                await self._bell.rest()
                self._full = False
            elif (look_at := min(self._look_at, self._due_at)) <= now:
                await self._claim(wish, now)
            elif self._hinted:
                await self._claim(wish, now, self._hinted.all())
            else:
                await self._bell.rest(look_at - now)

    @property
    def _idle(self) -> bool:
        return not (self._runner.running or self._runner.waiting or self._settler.backlog)

    def _wish(self, now: float) -> Wish | None:
        if self._settler.backlog >= BACKLOG:
            return None
        return self._appetite.wish(self._runner.running, self._runner.waiting, now)

    async def _claim(self, wish: Wish, now: float, only: Sequence[JobId] | None = None) -> None:
        told = self._look_at == 0.0
        if only is None:
            self._look_at = NEVER
            if self._due_at <= now:
                self._due_at = NEVER
        try:
            claims = await self._source.leases.claim(self._order(wish), only)
        except Unavailable as away:
            self._look_at = 0.0
            await self._patience.after(away)
            return
        self._patience.worked()
        self._received(claims, wish, now, only)
        if told and not claims and only is None and not self._kept_back:
            self._in_vain()

    def _received(self, claims: Sequence[Claim], wish: Wish, asked_at: float, only: Sequence[JobId] | None) -> None:
        now = self._clock.monotonic()
        self._appetite.asked(wish, len(claims), now, limited=isinstance(claims, Granted))
        if only is not None:
            self._hinted.asked(only, claims, wish.limit)
            if claims and self._look_at > 0.0:
                self._look_at = max(self._look_at, self._poll_at)
        else:
            self._plan_look(now, claims, more=len(claims) >= wish.limit or not wish.begun)
        self._mind(claims, wish, now)
        until = asked_at + self._rules.lease.total_seconds()
        runs = [Run(claim, now, until) for claim in claims]
        self._hold(runs)
        self._runner.accept(runs, first=wish.begun)
        in_vain = only is None and wish.begun and not claims and not self._kept_back
        if self._rules.burst and in_vain and self._idle:
            self._drained()
        self._appetite.measure(self._runner.ended - self._ended_before, self._clock.monotonic())
        self._ended_before = self._runner.ended

    def _plan_look(self, now: float, claims: Sequence[Claim], *, more: bool) -> None:
        self._poll_at = now + self._pause()
        if more:
            ids_come = self._relies and not isinstance(claims, Granted)
            self._look_at = now + SPELL if ids_come else 0.0
        else:
            self._look_at = min(self._look_at, self._poll_at)

    def _mind(self, claims: Sequence[Claim], wish: Wish, now: float) -> None:
        """Look again when limits may let go of what they kept back; ids of jobs under limits do not come by themselves.

        Only a claim of the begun kind tells: a prefetch leaves what is near its limits to others.
        """
        again = again_in(claims)
        if wish.begun:
            self._kept_back, self._limited = again is not None, isinstance(claims, Granted)
        if again is not None:
            self._due_at = min(self._due_at, now + again.total_seconds())

    def _pause(self) -> float:
        return self._rules.poll.total_seconds() * (1.0 - self._jitter.draw() * SPREAD)

    def _order(self, wish: Wish) -> ClaimOrder:
        tasks = self._source.known if self._runner.unknown else None
        source = self._source
        return ClaimOrder(source.worker_id, source.queues, wish.limit, self._rules.lease, tasks, begun=wish.begun)
