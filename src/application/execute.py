"""Execute: one claim is run by its handler, and whatever happens becomes one outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from ..domain.errors import PayloadInvalid
from ..domain.ids import Json
from ..domain.lease import Claim
from ..domain.outcomes import Discarded, Outcome, Succeeded
from ..domain.spec import PAYLOAD_BYTES
from .binding import BoundTask, KnownTasks
from .context import Ask, Context
from .failures import simple
from .judging import Stop, judge, stopped_outcome, word_of
from .ports.codec import PayloadCodec, Unencodable
from .ports.runtime import Threads
from .ports.telemetry import Log
from .ports.transactions import Transactions
from .tasks import Call, Middleware

T = TypeVar("T")


class Attempt:
    """One claim on its way through its handler. The worker may stop it at any time; the first reason stays.

    `begins` is called by a handler that could not begin at once, when it does; `kill` is there if the handler can be
    ended by force.
    """

    __slots__ = ("begins", "bound", "claim", "context", "kill", "stop")

    def __init__(self, claim: Claim, bound: BoundTask, context: Context) -> None:
        self.claim = claim
        self.bound = bound
        self.context = context
        self.stop: Stop | None = None
        self.begins: Callable[[], object] = _at_once
        self.kill: Callable[[], object] | None = None

    def stop_for(self, reason: Stop) -> bool:
        """Note why the handler is to stop; false if that was settled before."""
        if self.stop is not None:
            return False
        self.stop = reason
        self.context.stop()
        return True


def _at_once() -> None: ...


@attrs.frozen
class Kept:
    """What an isolated handler returned: JSON already. Middleware sees it as it is."""

    json: Json


Isolated: TypeAlias = Callable[[Attempt], Awaitable[Kept]]
"""Runs an attempt in a process of its own. Raises `Relayed` for what was raised there."""


@attrs.frozen
class Execute:
    """Run handlers: `async def` on the loop, plain functions in threads, isolated ones in processes."""

    known: KnownTasks
    codec: PayloadCodec
    threads: Threads
    isolated: Isolated
    log: Log
    ask: Ask
    transactions: Transactions | None = None
    middleware: tuple[Middleware, ...] = ()
    result_bytes: int = PAYLOAD_BYTES

    def begin(self, claim: Claim) -> Attempt | None:
        """Return the attempt that `claim` stands for; `None` if no task of that name is known here."""
        bound = self.known.by_name.get(claim.task)
        if bound is None:
            return None
        transactions = self.transactions if bound.runs_on_loop else None
        return Attempt(claim, bound, Context(claim, self.codec.encode, self.log, self.ask, transactions))

    async def __call__(self, attempt: Attempt) -> Outcome:
        """Run the attempt's handler to its end and return its outcome; never raises."""
        bound = attempt.bound
        try:
            arguments = bound.signature.arguments(attempt.claim.payload)
        except PayloadInvalid as misfit:
            return Discarded(simple("PayloadInvalid", str(misfit)))
        try:
            if bound.runs_on_loop and not self.middleware:
                result = await bound.call(attempt.context, arguments)
            else:
                result = await self._wrapped(attempt, arguments)
        except GeneratorExit:
            raise
        except BaseException as raised:  # noqa: BLE001 - a task's own code may raise anything, SystemExit too
            return judge(word_of(raised, bound.task.errors), attempt.stop)
        return self._returned(result, attempt.stop)

    def _returned(self, result: object, stop: Stop | None) -> Outcome:
        if stop is Stop.TIMEOUT:
            return stopped_outcome(stop)
        if isinstance(result, Kept):
            return Succeeded(result.json)
        return encoded_outcome(self.codec, result, self.result_bytes)

    def _wrapped(self, attempt: Attempt, arguments: dict[str, Any]) -> Awaitable[Any]:
        call: Call = partial(self._call, attempt, arguments)
        for layer in reversed(self.middleware):
            call = partial(layer, attempt.bound.task, attempt.context, call)
        return call()

    async def _call(self, attempt: Attempt, arguments: dict[str, Any]) -> Any:
        bound = attempt.bound
        if bound.runs_on_loop:
            return await bound.call(attempt.context, arguments)
        if bound.task.isolation is not None:
            return await self.isolated(attempt)
        result = await outlast(self.threads.run(partial(bound.call, attempt.context, arguments)))
        return await result if asyncio.iscoroutine(result) else result


def encoded_outcome(codec: PayloadCodec, result: object, limit: int) -> Outcome:
    """Return the outcome of a handler that returned `result`: one that cannot be kept ends the job and says why."""
    try:
        return Succeeded(codec.encode(result, limit))
    except Unencodable as refused:
        return Discarded(simple("ResultInvalid", f"the result cannot be kept: {refused}"))


async def outlast(running: Awaitable[T]) -> T:
    """Await a thread's answer even through cancellation, for a thread goes on whatever its waiter does."""
    future = asyncio.ensure_future(running)
    while True:
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if future.done():
                return future.result()
