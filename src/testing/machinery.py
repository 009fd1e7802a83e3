"""What stands in for a worker's machinery in a test: everything happens at once, where the test is."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import attrs

from ..application.execute import Attempt, Kept, encoded_outcome
from ..application.judging import Relayed, Word
from ..application.ports.codec import PayloadCodec
from ..application.ports.jobs import JobLeases, Settled
from ..application.ports.transactions import OpenTransaction, TransactionRefused
from ..domain.outcomes import Succeeded
from ..domain.settlement import Settlement
from ..domain.spec import PAYLOAD_BYTES

T = TypeVar("T")
OpenConnection: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens what `ctx.transaction()` gives: commits at the end of its block, rolls back on an error; `engine.begin`."""


class InlineThreads:
    """Runs plain functions where the test runs, so that they see its database, patches and context."""

    async def run(self, call: Callable[[], T]) -> T:
        """Run `call` now."""
        return call()

    def write_off(self) -> None:
        """Do nothing: there is no thread."""


@attrs.frozen
class InlineProcesses:
    """Runs isolated tasks where the test runs."""

    codec: PayloadCodec

    async def __call__(self, attempt: Attempt) -> Kept:
        """Run the handler now."""
        arguments = attempt.bound.signature.arguments(attempt.claim.payload)
        result = attempt.bound.call(attempt.context, arguments)
        if isinstance(result, Awaitable):
            result = await result
        outcome = encoded_outcome(self.codec, result, PAYLOAD_BYTES)
        if not isinstance(outcome, Succeeded):
            raise Relayed(Word(outcome))
        return Kept(outcome.result)


@attrs.frozen
class StandardLog:
    """What handlers log goes to the standard library's logger `equeue`, where pytest's `caplog` hears it."""

    fields: dict[str, object] = attrs.field(factory=dict)

    def bind(self, **fields: object) -> Self:
        """Return a log that adds `fields` to each line."""
        return attrs.evolve(self, fields={**self.fields, **fields})

    def debug(self, event: str, **fields: object) -> None:
        """Log for developers."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log what happened."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what somebody should know."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log what somebody should act upon."""
        self._log(logging.ERROR, event, fields)

    def _log(self, level: int, event: str, fields: dict[str, object]) -> None:
        told = {**self.fields, **fields}
        logging.getLogger("equeue").log(level, "%s %s", event, told, extra={"equeue": told})


@attrs.frozen
class LentTransactions:
    """Gives handlers transactions on the test's own database."""

    open: OpenConnection | None
    leases: JobLeases

    async def begin(self, limit: timedelta) -> OpenTransaction:  # noqa: ARG002 - no test idles that long
        """Open one."""
        if self.open is None:
            raise RuntimeError("ctx.transaction() needs a database here: MemoryApp(tasks, transaction=engine.begin)")
        block = self.open()
        return LentTransaction(await block.__aenter__(), block, self.leases)


@attrs.frozen
class LentTransaction:
    """A block around a connection, left only when the handler's fate is known."""

    connection: Any
    _block: AbstractAsyncContextManager[Any]
    _leases: JobLeases

    async def settle(self, settlement: Settlement) -> Settled:
        """Commit what the handler wrote, then write how the attempt ended."""
        try:
            await self._block.__aexit__(None, None, None)
        except Exception as refused:
            raise TransactionRefused(str(refused)) from refused
        (told,) = await self._leases.settle([settlement])
        return told

    async def roll_back(self) -> None:
        """Undo what the handler wrote."""
        await self._leave(_Undone, _Undone(), None)

    async def _leave(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        try:
            await self._block.__aexit__(kind, error, trace)
        except _Undone:
            return


class _Undone(Exception):
    """Makes a block roll back."""
