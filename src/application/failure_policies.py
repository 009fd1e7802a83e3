"""What queues and tasks say of failure, kept at hand: no settle pays a round trip for it."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType

import attrs

from ..domain.errors import Unavailable
from ..domain.events import JobQueued
from ..domain.ids import JobId
from ..domain.lease import Claim
from ..domain.on_dead import ON_DEAD_TAG, OnDead
from ..domain.outcomes import JobError, Outcome
from ..domain.queue import UNSET, QueueSettings
from ..domain.retry import DEFAULT_BACKOFF, Backoff
from ..domain.settlement import Settlement, settle
from ..domain.spec import DEFAULT_QUEUE, DEFAULT_TIMEOUT, Birth, JobSpec
from ..domain.status import JobStatus
from .bare_hints import BareHints
from .draft import Draft
from .ports.catalogue import TaskDeclaration
from .ports.platform import Clock, Ids
from .ports.queue import JobQueue
from .ports.unit_of_work import UnitsOfWork
from .signals import announce

FRESH_S = 10.0
"""So long what was read counts as what is set."""

LEARN_S = 0.5
"""So long it is waited for, where what was known before would do."""


@attrs.frozen
class Policies:
    """What was set when it was read: for queues, for tasks whose jobs die, and of the tasks that tell of it."""

    queues: Mapping[str, QueueSettings] = MappingProxyType({})
    on_dead: Mapping[str, OnDead] = MappingProxyType({})
    tellers: Mapping[str, TaskDeclaration] = MappingProxyType({})
    limited: frozenset[str] = attrs.field(init=False)
    """The queues whose claims are counted."""

    @limited.default
    def _counted(self) -> frozenset[str]:
        return frozenset(name for name, settings in self.queues.items() if settings.limits.counted)

    def of_queue(self, name: str) -> QueueSettings:
        """Return what is set for a queue."""
        return self.queues.get(name, UNSET)

    def on_dead_of(self, claim: Claim) -> OnDead | None:
        """Return what follows on the death of this job: its task's word goes before its queue's.

        Whoever tells of a death is mourned by nobody, or one broken webhook would never come to rest.
        """
        if ON_DEAD_TAG in claim.tags:
            return None
        return self.on_dead.get(claim.task) or self.of_queue(claim.queue).on_dead


@attrs.frozen
class Source:
    """Where policies come from, and what it takes to act on them. Without a queue nobody is woken."""

    units_of_work: UnitsOfWork
    clock: Clock
    ids: Ids
    queue: JobQueue | None = None

    async def read(self) -> Policies:
        """Return what is set now."""
        async with self.units_of_work() as unit:
            queues = {found.name: found.settings for found in await unit.queues.all()}
            on_dead = await unit.catalogue.on_dead()
            told = [*on_dead.values(), *(found.on_dead for found in queues.values() if found.on_dead)]
            tellers = await unit.catalogue.find({each.task for each in told}) if told else {}
        return Policies(queues, on_dead, tellers)


@attrs.define(eq=False)
class FailurePolicies:
    """Decides with what queues and tasks say, as it was at most `FRESH_S` ago.

    One for each process and loop. Without a source it knows the system's backoff and nothing else.
    """

    _source: Source | None = None
    _backoff: Backoff = DEFAULT_BACKOFF
    _timeout: timedelta = DEFAULT_TIMEOUT
    _current: Policies = Policies()
    _read_at: float | None = attrs.field(default=None, init=False)

    @property
    def current(self) -> Policies:
        """What was read last."""
        return self._current

    def pinned(self) -> "FailurePolicies":
        """Return these policies as they are, for another loop: they are read no more."""
        return FailurePolicies(
            self._source and attrs.evolve(self._source, queue=None), self._backoff, self._timeout, self._current
        )

    async def renew(self) -> Policies:
        """Read what is set unless that was done a moment ago, and return it.

        While the database is away what was read before still counts; raises `Unavailable` if nothing ever was.
        """
        if self._source is None:
            return self._current
        now = self._source.clock.monotonic()
        if self._read_at is None or now - self._read_at >= FRESH_S:
            try:
                self._current = await self._source.read()
            except Unavailable:
                if self._read_at is None:
                    raise
            self._read_at = now
        return self._current

    async def limited(self) -> frozenset[str]:
        """Return the queues whose claims are counted, as far as is known: no trouble to learn it is worth a wait."""
        try:
            async with asyncio.timeout(LEARN_S):
                return (await self.renew()).limited
        except Exception:  # noqa: BLE001 - what hints are about is committed, and must not seem to have failed
            return self._current.limited

    def forget(self) -> None:
        """Have the next `renew` read: somebody changed a setting here."""
        self._read_at = None

    def decide(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        jitter: float,
        ran: timedelta | None = None,
        children: tuple[Birth, ...] = (),
    ) -> Settlement:
        """Return what is to be written about an attempt, with the job that tells of a death if there is one to tell."""
        backoff = self._current.of_queue(claim.queue).backoff or self._backoff
        decision = settle(claim, outcome, backoff, jitter=jitter, ran=ran, children=children)
        if decision.status is not JobStatus.DEAD:
            return decision
        on_dead = self._current.on_dead_of(claim)
        if on_dead is None or self._source is None:
            return decision
        return attrs.evolve(decision, children=(self._teller(on_dead, claim, decision.error, self._source.ids.new()),))

    async def tell(self, written: Iterable[Settlement]) -> None:
        """Wake workers for the jobs that tell of deaths, once these are written."""
        if self._source is None or self._source.queue is None:
            return
        births = [
            birth for told in written if told.children and told.status is JobStatus.DEAD for birth in told.children
        ]
        if births:
            now = self._source.clock.now()
            events = [JobQueued(birth.job_id, birth.spec.queue, birth.spec.priority, now) for birth in births]
            await announce(BareHints(self._source.queue, self.limited), events)

    def _teller(self, on_dead: OnDead, claim: Claim, error: JobError | None, job_id: JobId) -> Birth:
        declared = self._current.tellers.get(on_dead.task) or TaskDeclaration(on_dead.task, DEFAULT_QUEUE)
        draft = Draft(JobSpec(on_dead.task, on_dead.payload_of(claim, error), tags=(ON_DEAD_TAG,)))
        spec = draft.completed(declared, self._timeout, self._current.of_queue)
        return Birth(job_id, spec, claim.user_id, claim.job_id)


SYSTEM = FailurePolicies()
"""The system's backoff, and no word of any queue or task."""
