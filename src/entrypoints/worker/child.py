"""The process in which one isolated handler runs at a time: started by a worker, ended with it.

Run as `python -m equeue.entrypoints.worker.child`; its one argument says how, in JSON. The main thread runs handlers,
a second one listens to the worker, so that neither a busy handler nor a dead worker goes unnoticed.
"""

import asyncio
import ctypes
import importlib
import json
import os
import queue
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import attrs

from ...application.binding import BoundTask, bind
from ...application.child_jobs import ChildJob, asking
from ...application.context import Ask, AskedFor, Context
from ...application.error_policy import ANY_ERROR
from ...application.execute import encoded_outcome
from ...application.judging import Word, word_of
from ...application.new_jobs import NewJobs
from ...application.ports.codec import PayloadCodec
from ...application.ports.platform import Ids
from ...application.tasks import task_of
from ...domain.errors import PayloadInvalid
from ...domain.ids import Json
from ...domain.lease import Claim
from ...domain.outcomes import Discarded, Succeeded
from .frames import LENGTH, Frame, claim_of, packed, word_facts
from .frames_of_children import child_facts
from .quiet import LineLog

DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


@attrs.frozen
class Kit:
    """What the worker was made of, as far as a handler needs it; the worker says which classes those are."""

    codec: PayloadCodec
    ids: Ids
    new_jobs: NewJobs

    @classmethod
    def of(cls, plan: Frame) -> Self:
        """Make the kit that `plan` names."""
        codec, ids, clock = (_found(plan[name])() for name in ("codec", "ids", "clock"))
        return cls(codec, ids, NewJobs(codec, clock))


class Wire:
    """The child's end of the socket. A process that the handler forked off has no say on it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._owner = os.getpid()
        self._sending = threading.Lock()

    def send(self, frame: Frame) -> None:
        """Say something to the worker."""
        if os.getpid() != self._owner:
            os._exit(0)
        with self._sending:
            self._connection.sendall(packed(frame))

    def receive(self) -> Frame:
        """Wait for the worker's next word; end this process if there is none to come."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        frame: Frame = json.loads(self._exactly(length))
        return frame

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._connection.recv(count - len(parts))
            if not part:
                os._exit(0)
            parts += part
        return bytes(parts)


class ChildContext(Context):
    """A context whose progress and wishes for jobs go to the worker, which writes them under its lease."""

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire, job: Claim, kit: Kit) -> None:
        super().__init__(job, kit.codec.encode, LineLog(), self._pass_on(asking(kit.new_jobs, kit.ids)))
        self._wire = wire

    def put(self, progress: Json) -> None:
        """Pass on how far the attempt is."""
        self._wire.send({"progress": progress.decode()})

    def _pass_on(self, ask: Callable[..., ChildJob]) -> Ask:
        def asked(task: Any, args: Sequence[Any], payload: Mapping[str, Any]) -> AskedFor:
            child = ask(task, args, payload)
            self._wire.send({"child": child_facts(child)})
            return child

        return asked


class Child:
    """Runs one handler after the other, as the worker says."""

    def __init__(self, wire: Wire, kit: Kit, result_bytes: int) -> None:
        self._wire = wire
        self._kit = kit
        self._codec = kit.codec
        self._result_bytes = result_bytes
        self._orders: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._bound: dict[str, BoundTask] = {}
        self._context: Context | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[Any] | None = None

    def serve(self) -> None:
        """Run what the worker orders until it is gone."""
        threading.Thread(target=self._listen, name="equeue-child-listener", daemon=True).start()
        self._wire.send({"ready": os.getpid()})
        while True:
            self._wire.send({"ended": self._run(self._orders.get())})

    def _listen(self) -> None:
        while True:
            frame = self._wire.receive()
            if "cancel" in frame:
                self._cancel()
            else:
                self._orders.put(frame)

    def _cancel(self) -> None:
        if self._context is not None:
            self._context.stop()
        if self._loop is not None and self._running is not None:
            self._loop.call_soon_threadsafe(self._running.cancel)

    def _run(self, order: Frame) -> Frame:
        policy = ANY_ERROR
        try:
            claim = claim_of(order["claim"])
            bound = self._find(order["handler"])
            policy = bound.task.errors
            arguments = bound.signature.arguments(claim.payload)
            self._context = ChildContext(self._wire, claim, self._kit)
            self._wire.send({"began": True})
            result = self._call(bound, self._context, arguments)
            outcome = encoded_outcome(self._codec, result, self._result_bytes)
        except PayloadInvalid as misfit:
            return {"word": word_facts(word_of(misfit))}
        except BaseException as raised:  # noqa: BLE001 - a task's own code may raise anything
            return {"word": word_facts(word_of(raised, policy))}
        finally:
            self._context = None
        if isinstance(outcome, Succeeded):
            return {"result": outcome.result.decode()}
        assert isinstance(outcome, Discarded)  # noqa: S101 - the only other answer
        return {"word": word_facts(Word(outcome, own=True))}

    def _call(self, bound: BoundTask, context: Context, arguments: dict[str, Any]) -> Any:
        if not bound.is_async:
            return bound.call(context, arguments)
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            try:
                return runner.run(self._awaited(bound, context, arguments))
            finally:
                self._loop = self._running = None

    async def _awaited(self, bound: BoundTask, context: Context, arguments: dict[str, Any]) -> Any:
        self._running = asyncio.current_task()
        return await bound.call(context, arguments)

    def _find(self, reference: str) -> BoundTask:
        if reference not in self._bound:
            self._bound[reference] = bind(task_of(_found(reference)), self._codec)
        return self._bound[reference]


def _found(reference: str) -> Any:
    """Return what `package.module:name.name` names."""
    module, _, path = reference.partition(":")
    found: Any = importlib.import_module(module)
    for step in path.split("."):
        found = getattr(found, step)
    return found


def main() -> None:
    """Set this process up as the worker says, and serve."""
    plan = json.loads(sys.argv[1])
    _die_with(plan["parent"])
    if plan["memory_bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (plan["memory_bytes"], plan["memory_bytes"]))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the worker says when to stop
    sys.path[:] = plan["path"]
    wire = Wire(socket.socket(fileno=plan["fd"]))
    Child(wire, Kit.of(plan), plan["result_bytes"]).serve()


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its parent, where it can; the closing socket does it elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    main()
