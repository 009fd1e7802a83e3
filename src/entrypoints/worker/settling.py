"""The settle loop: what ended while one statement was under way is the next one's set."""

from collections import deque
from collections.abc import Callable, Sequence

from ...application.child_jobs import BearChildren
from ...application.failures import simple
from ...application.heartbeat import Hold
from ...application.ports.jobs import Settled
from ...application.ports.platform import Clock
from ...application.ports.telemetry import Log
from ...application.settle import SettleAttempts
from ...domain.errors import Unavailable
from ...domain.outcomes import Discarded, Outcome, Released
from ...domain.spec import Birth
from ...domain.status import JobStatus
from ..loops.bell import Bell
from ..loops.outage import Patience
from .endings import Ended, births_of, ending
from .telling import tell
from .together import Together

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
        due_again: Callable[[], None],
    ) -> None:
        self._settle = settle
        self._bear = bear
        self._clock = clock
        self._bell = bell
        self._patience = patience
        self._log = log
        self._let_go = let_go
        self._due_again = due_again
        self._together = Together(settle, bear, clock, log, self._leave, self._queue)
        self._ended: deque[Ended] = deque()
        self._in_flight = 0
        self._closing = False

    @property
    def backlog(self) -> int:
        """How many endings are not written yet."""
        return len(self._ended) + self._in_flight + self._together.under_way

    def add(self, hold: Hold, outcome: Outcome) -> None:
        """Have `outcome` written."""
        hold.ended = outcome
        if hold.context is not None and hold.context.open_transaction is not None:
            self._together.end(hold, hold.context.open_transaction, outcome)
        else:
            self._ended.append((hold, outcome))
            self._bell.ring()

    def drop(self, hold: Hold) -> None:
        """Write nothing of `hold`, whose lease is somebody else's."""
        if hold.context is not None and hold.context.open_transaction is not None:
            self._together.drop(hold.context.open_transaction)

    def close(self) -> None:
        """Have `run` return once all is written."""
        self._closing = True
        self._bell.ring()

    async def run(self) -> None:
        """Settle until closed."""
        while True:
            if self._ended:
                await self._write()
            elif self._closing and not self._together.under_way:
                return
            else:
                await self._bell.rest()

    def _queue(self, hold: Hold, outcome: Outcome) -> None:
        hold.ended = outcome
        self._ended.append((hold, outcome))
        self._bell.ring()

    def _leave(self, holds: Sequence[Hold]) -> None:
        self._let_go(holds)
        self._bell.ring()

    async def _write(self) -> None:
        batch = [self._ended.popleft() for _ in range(min(len(self._ended), MOST))]
        self._in_flight = len(batch)
        try:
            await self._write_set(batch)
            self._patience.worked()
        except Unavailable as away:
            self._ended.extendleft(reversed(batch))
            self._in_flight = 0
            await self._patience.after(away)
        finally:
            self._in_flight = 0

    async def _write_set(self, batch: Sequence[Ended]) -> None:
        try:
            births, answers = await self._ask(batch)
        except Unavailable:
            raise
        except Exception as refused:  # noqa: BLE001 - one ending that cannot be stored must not keep the others
            await self._one_by_one(batch, refused)
            return
        self._let_go([hold for hold, _ in batch])
        for (hold, outcome), told in zip(batch, answers, strict=True):
            tell(self._log, hold, outcome, told)
            if told.status is JobStatus.QUEUED and isinstance(outcome, Released):
                self._due_again()
        if births:
            await self._bear.tell(birth for born in births.values() for birth in born)

    async def _ask(self, batch: Sequence[Ended]) -> tuple[dict[Hold, tuple[Birth, ...]], Sequence[Settled]]:
        births = await births_of(self._bear, batch)
        now = self._clock.monotonic()
        endings = [ending(hold, outcome, now, births.get(hold, ())) for hold, outcome in batch]
        for hold, _ in batch:
            hold.settling = True
        try:
            return births, await self._settle(endings)
        finally:
            for hold, _ in batch:
                hold.settling = False

    async def _one_by_one(self, batch: Sequence[Ended], refused: Exception) -> None:
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
