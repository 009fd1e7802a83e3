"""The settle loop: what ended while one statement was under way is the next one's set."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from ...application.child_jobs import BearChildren
from ...application.failures import simple
from ...application.heartbeat import Hold
from ...application.ports.jobs import SettleAnswer, Settled
from ...application.ports.platform import Clock
from ...application.ports.telemetry import Log
from ...application.settle import Ending, SettleAttempts
from ...domain.errors import Unavailable
from ...domain.outcomes import Discarded, Outcome, Succeeded
from ...domain.spec import Birth
from ...domain.status import JobStatus
from .bell import Bell
from .outage import Patience

MOST = 1_000


class Settler:
    """Writes how attempts ended. One statement is in flight at a time; nothing that ended is ever forgotten."""

    def __init__(
        self,
        settle: SettleAttempts,
        bear: BearChildren,
        clock: Clock,
        bell: Bell,
        patience: Patience,
        log: Log,
        let_go: Callable[[Sequence[Hold]], None],
    ) -> None:
        self._settle = settle
        self._bear = bear
        self._clock = clock
        self._bell = bell
        self._patience = patience
        self._log = log
        self._let_go = let_go
        self._ended: deque[tuple[Hold, Outcome]] = deque()
        self._closing = False
        self.in_flight = 0

    @property
    def backlog(self) -> int:
        """How many endings are not written yet."""
        return len(self._ended) + self.in_flight

    def add(self, hold: Hold, outcome: Outcome) -> None:
        """Have `outcome` written."""
        hold.ended = outcome
        self._ended.append((hold, outcome))
        self._bell.ring()

    def close(self) -> None:
        """Have `run` return once all is written."""
        self._closing = True
        self._bell.ring()

    async def run(self) -> None:
        """Settle until closed."""
        while True:
            if self._ended:
                await self._write()
            elif self._closing:
                return
            else:
                await self._bell.rest()

    async def _write(self) -> None:
        batch = [self._ended.popleft() for _ in range(min(len(self._ended), MOST))]
        self.in_flight = len(batch)
        try:
            await self._write_set(batch)
            self._patience.worked()
        except Unavailable as away:
            self._ended.extendleft(reversed(batch))
            self.in_flight = 0
            await self._patience.after(away)
        finally:
            self.in_flight = 0

    async def _write_set(self, batch: Sequence[tuple[Hold, Outcome]]) -> None:
        children = await self._children(batch)
        now = self._clock.monotonic()
        endings = [ending(hold, outcome, now, children.get(hold, ())) for hold, outcome in batch]
        for hold, _ in batch:
            hold.settling = True
        try:
            answers = await self._settle(endings)
        except Unavailable:
            raise
        except Exception as refused:  # noqa: BLE001 - one ending that cannot be stored must not keep the others
            await self._one_by_one(batch, refused)
            return
        finally:
            for hold, _ in batch:
                hold.settling = False
        self._let_go([hold for hold, _ in batch])
        if children:
            await self._bear.tell(birth for births in children.values() for birth in births)
        for (hold, outcome), told in zip(batch, answers, strict=True):
            if told.answer is SettleAnswer.LEASE_LOST:
                self._log.warning("job.lease_lost", job_id=str(told.fence.job_id), task=hold.claim.task)
            elif not isinstance(outcome, Succeeded):
                self._tell(hold, outcome, told)

    async def _children(self, batch: Sequence[tuple[Hold, Outcome]]) -> dict[Hold, tuple[Birth, ...]]:
        """Return the births of the jobs that handlers asked for; few do."""
        parents = [
            (hold, hold.context.children)
            for hold, outcome in batch
            if hold.context is not None and hold.context.children and isinstance(outcome, Succeeded)
        ]
        if not parents:
            return {}
        births = await self._bear.births([(hold.claim, children) for hold, children in parents])
        return {hold: born for (hold, _), born in zip(parents, births, strict=True)}

    def _tell(self, hold: Hold, outcome: Outcome, told: Settled) -> None:
        """Write a line about an attempt that did not succeed; success is silent, for it is the rule."""
        error = getattr(outcome, "error", None)
        self._log.info(
            f"job.{told.status}" if told.status in (JobStatus.DEAD, JobStatus.CANCELLED) else "job.goes_back",
            job_id=str(hold.claim.job_id),
            task=hold.claim.task,
            attempt=hold.claim.attempt,
            outcome=type(outcome).__name__,
            error=None if error is None else f"{error.type}: {error.message[:200]}",
        )

    async def _one_by_one(self, batch: Sequence[tuple[Hold, Outcome]], refused: Exception) -> None:
        """Find the ending that the database refuses, and write in its place why it was refused."""
        if len(batch) > 1:
            for each in batch:
                await self._write_set([each])
            return
        ((hold, outcome),) = batch
        self._log.error("job.unsettleable", job_id=str(hold.claim.job_id), task=hold.claim.task, error=repr(refused))
        if isinstance(outcome, Discarded):
            hold.mute = True  # nothing can be written: the lease runs out, and the lapse tells what happened
            self._let_go((hold,))
            return
        why = Discarded(simple("OutcomeRefused", f"the database refused to store how the attempt ended: {refused!r}"))
        await self._write_set([(hold, why)])


def ending(hold: Hold, outcome: Outcome, now: float, children: tuple[Birth, ...] = ()) -> Ending:
    """Return how `hold` ended, its run time counted until `now`."""
    ran = None if hold.began is None else timedelta(seconds=max(now - hold.began, 0.0))
    return Ending(hold.claim, outcome, ran, children)
