"""Execute: one claim is run by its handler, and whatever happens becomes one outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from ..domain.errors import PayloadInvalid
from ..domain.lease import Claim
from ..domain.outcomes import (
    CancelAcknowledged,
    Discarded,
    Failed,
    Outcome,
    Released,
    Snoozed,
    Succeeded,
    TimedOut,
)
from ..domain.spec import PAYLOAD_BYTES
from .binding import BoundTask, KnownTasks
from .context import Context
from .failures import failure, simple
from .ports.codec import PayloadCodec, Unencodable
from .ports.runtime import Threads
from .ports.telemetry import Log
from .verdicts import Discard, Retry, Snooze

T = TypeVar("T")
_OVERTIME = "the handler ran beyond its timeout and was cancelled"
Call: TypeAlias = Callable[[], Awaitable[Any]]
Middleware: TypeAlias = Callable[[BoundTask, Context, Call], Awaitable[Any]]
"""Wraps a run: awaits the call it is given and returns what that returned, doing its own work around it."""


class Stop(StrEnum):
    """Why the worker stops a handler before it has ended by itself."""

    TIMEOUT = "timeout"
    CANCEL = "cancel"
    SHUTDOWN = "shutdown"
    CUT_OFF = "cut off from the database"
    LOST = "lease lost"


class Attempt:
    """One claim on its way through its handler. The worker may set `stop` at any time; the first reason stays."""

    __slots__ = ("bound", "claim", "context", "stop")

    def __init__(self, claim: Claim, bound: BoundTask, context: Context) -> None:
        self.claim = claim
        self.bound = bound
        self.context = context
        self.stop: Stop | None = None

    def stop_for(self, reason: Stop) -> bool:
        """Note why the handler is to stop; false if that was settled before."""
        if self.stop is not None:
            return False
        self.stop = reason
        self.context.stop()
        return True


@attrs.frozen
class Execute:
    """Run handlers: `async def` on the loop, plain functions in threads."""

    known: KnownTasks
    codec: PayloadCodec
    threads: Threads
    log: Log
    middleware: tuple[Middleware, ...] = ()
    result_bytes: int = PAYLOAD_BYTES

    def begin(self, claim: Claim) -> Attempt | None:
        """Return the attempt that `claim` stands for; `None` if no task of that name is known here."""
        bound = self.known.by_name.get(claim.task)
        if bound is None:
            return None
        return Attempt(claim, bound, Context(claim, self.codec.encode, self.log))

    async def __call__(self, attempt: Attempt) -> Outcome:
        """Run the attempt's handler to its end and return its outcome; never raises."""
        bound = attempt.bound
        try:
            arguments = bound.signature.arguments(attempt.claim.payload)
        except PayloadInvalid as misfit:
            return Discarded(simple("PayloadInvalid", str(misfit)))
        try:
            if bound.is_async and not self.middleware:
                result = await bound.call(attempt.context, arguments)
            else:
                result = await self._wrapped(bound, attempt.context, arguments)
        except GeneratorExit:
            raise
        except BaseException as raised:  # noqa: BLE001 - a task's own code may raise anything, SystemExit too
            return raised_outcome(raised, attempt.stop)
        return self._returned(result, attempt.stop)

    def _returned(self, result: object, stop: Stop | None) -> Outcome:
        if stop is Stop.TIMEOUT:
            return stopped_outcome(stop)
        try:
            return Succeeded(self.codec.encode(result, self.result_bytes))
        except Unencodable as refused:
            return Discarded(simple("ResultInvalid", f"the result cannot be kept: {refused}"))

    def _wrapped(self, bound: BoundTask, context: Context, arguments: dict[str, Any]) -> Awaitable[Any]:
        call: Call = partial(self._call, bound, context, arguments)
        for layer in reversed(self.middleware):
            call = partial(layer, bound, context, call)
        return call()

    async def _call(self, bound: BoundTask, context: Context, arguments: dict[str, Any]) -> Any:
        if bound.is_async:
            return await bound.call(context, arguments)
        result = await outlast(self.threads.run(partial(bound.call, context, arguments)))
        return await result if asyncio.iscoroutine(result) else result


async def outlast(running: Awaitable[T]) -> T:
    """Await a thread's answer even through cancellation, for a thread goes on whatever its waiter does."""
    future = asyncio.ensure_future(running)
    while True:
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if future.done():
                return future.result()


def raised_outcome(raised: BaseException, stop: Stop | None) -> Outcome:
    """Judge what a handler raised, knowing why it was stopped, if it was.

    Past its timeout an attempt is timed out, whatever the handler says then. A handler's own word (`Discard`,
    `Snooze`, `Retry`) holds against a cancel request and a shutdown; any other exception that follows on being
    stopped counts as the stop, so that no shutdown costs a retry.
    """
    if stop is Stop.TIMEOUT:
        return _timed_out(raised)
    match raised:
        case Discard():
            return Discarded(failure(raised))
        case Snooze(delay=delay):
            return Snoozed(delay)
        case Retry(after=after):
            return Failed(failure(raised), after)
    if stop is not None:
        return stopped_outcome(stop)
    return Failed(failure(raised))


def _timed_out(raised: BaseException) -> Outcome:
    if isinstance(raised, asyncio.CancelledError):
        return TimedOut(failure(raised, kind="TimeoutError", message=_OVERTIME))
    return TimedOut(failure(raised))


def stopped_outcome(stop: Stop) -> Outcome:
    """Return the outcome of an attempt that ended because it was stopped."""
    match stop:
        case Stop.TIMEOUT:
            return TimedOut(simple("TimeoutError", _OVERTIME))
        case Stop.CANCEL:
            return CancelAcknowledged()
        case Stop.SHUTDOWN | Stop.CUT_OFF | Stop.LOST:
            return Released()
