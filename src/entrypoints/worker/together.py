"""Settles attempts whose handlers wrote in a transaction of their own: all of it is kept, or nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ...application.child_jobs import BearChildren
from ...application.failures import failure
from ...application.heartbeat import Hold
from ...application.ports.jobs import SettleAnswer
from ...application.ports.platform import Clock
from ...application.ports.telemetry import Log
from ...application.ports.transactions import OpenTransaction, TransactionRefused
from ...application.settle import UNSTORABLE, SettleAttempts
from ...domain.errors import Unavailable
from ...domain.outcomes import Discarded, Failed, Outcome, Released, Succeeded
from .endings import ending
from .telling import tell


class Together:
    """Ends open transactions, each in a task of its own; what was not kept goes on to be settled like any other."""

    def __init__(
        self,
        settle: SettleAttempts,
        bear: BearChildren,
        clock: Clock,
        log: Log,
        let_go: Callable[[Sequence[Hold]], None],
        go_on: Callable[[Hold, Outcome], None],
    ) -> None:
        self._settle = settle
        self._bear = bear
        self._clock = clock
        self._log = log
        self._let_go = let_go
        self._go_on = go_on
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """How many transactions are being ended."""
        return len(self._tasks)

    def end(self, hold: Hold, opened: OpenTransaction, outcome: Outcome) -> None:
        """Commit the attempt with what its handler wrote if it succeeded; else undo that, and settle."""
        self._own(self._commit(hold, opened) if isinstance(outcome, Succeeded) else self._undo(hold, opened, outcome))

    def drop(self, opened: OpenTransaction) -> None:
        """Undo what a handler wrote whose attempt is nobody's business any more."""
        self._own(opened.roll_back())

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._let_go(())

    async def _undo(self, hold: Hold, opened: OpenTransaction, outcome: Outcome) -> None:
        await opened.roll_back()
        self._go_on(hold, outcome)

    async def _commit(self, hold: Hold, opened: OpenTransaction) -> None:
        hold.settling = True
        try:
            other = await self._try(hold, opened)
        except Exception as refused:  # noqa: BLE001 - whatever a handler left behind must not end unnoticed
            await opened.roll_back()
            other = Failed(failure(refused))
        finally:
            hold.settling = False
        if other is not None:
            self._go_on(hold, other)

    async def _try(self, hold: Hold, opened: OpenTransaction) -> Outcome | None:
        """Commit; return what has to be settled instead, `None` if the attempt's fate is known.

        An answer that got lost leaves both open, so the job is given back: if the commit had come about, that is
        refused, for the attempt is settled then.
        """
        outcome = hold.ended or Released()
        try:
            (births,) = await self._bear.births([(hold.claim, (hold.context and hold.context.children) or ())])
            decided = self._settle.decide(ending(hold, outcome, self._clock.monotonic(), births))
            told = await opened.settle(decided)
        except Unavailable:
            await opened.roll_back()
            return Released()
        except TransactionRefused as refused:
            return Failed(failure(refused))
        if told.answer is SettleAnswer.UNSTORABLE:
            return Discarded(UNSTORABLE)
        tell(self._log, hold, outcome, told)
        if self._settle.measure is not None:
            self._settle.measure.settled(hold.claim, decided, told)
        self._let_go((hold,))
        if told.answer is SettleAnswer.APPLIED and births:
            await self._bear.tell(births)
        return None
