"""Child processes for isolated handlers: spawned when needed, used again, and killed when they will not stop."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Self

from ...application.execute import Attempt, Kept, outlast
from ...application.failures import simple
from ...application.judging import Relayed
from ...domain.outcomes import PROCESS_DIED
from .frames import LENGTH, Frame, claim_facts, died, packed, word_from
from .frames_of_children import child_from
from .parts import WorkerParts

JOBS_A_CHILD = 1_000
"""A child that has run so many jobs is replaced, whatever it may have leaked."""


class Gone(Exception):
    """The child died; the error says of what."""


class Child:
    """The worker's end of one child process, in a process group of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        self._reader = asyncio.StreamReader()
        self._writer: asyncio.StreamWriter | None = None
        self._ended: asyncio.Future[int] | None = None
        self.jobs = 0

    @classmethod
    def start(cls, parts: WorkerParts) -> Self:
        """Start a child, on this very thread: the kernel ends the child with the thread that started it."""
        ours, theirs = socket.socketpair()
        plan = {
            "fd": theirs.fileno(),
            "parent": os.getpid(),
            "path": sys.path,
            "codec": _reference(parts.codec),
            "ids": _reference(parts.ids),
            "clock": _reference(parts.clock),
            "memory_bytes": parts.rules.child_memory_bytes,
            "result_bytes": parts.rules.result_bytes,
        }
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "equeue.entrypoints.worker.child", json.dumps(plan)],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        return cls(process, ours)

    async def ready(self) -> None:
        """Wait until the child takes orders."""
        self._reader, self._writer = await asyncio.open_connection(sock=self._connection)
        await self.receive()

    def send(self, frame: Frame) -> None:
        """Say something to the child, which is ready."""
        if self._writer is not None:
            self._writer.write(packed(frame))

    async def receive(self) -> Frame:
        """Wait for the child's next word; raise `Gone` if it died instead."""
        try:
            (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            frame: Frame = json.loads(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError) as cut:
            raise Gone(_epitaph(await outlast(self.ended()))) from cut
        return frame

    def kill(self) -> None:
        """End the child and whatever it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.ended()

    def ended(self) -> "asyncio.Future[int]":
        """Return what will tell the exit code of the child, which was killed or closed its end."""
        if self._ended is None:
            self._ended = asyncio.get_running_loop().run_in_executor(None, self._process.wait)
            (self._writer or self._connection).close()
        return self._ended


class Children:
    """Runs attempts in child processes, one at a time in each."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._idle: list[Child] = []
        self._all: set[Child] = set()

    async def run(self, attempt: Attempt) -> Kept:
        """Run an attempt in a child; raise `Relayed` for what was raised there or for how the child died."""
        child = self._idle.pop() if self._idle else await self._start()
        attempt.kill = child.kill
        keep = False
        try:
            child.send({"handler": attempt.bound.task.place, "claim": claim_facts(attempt.claim)})
            answer = await self._until_ended(child, attempt)
            child.jobs += 1
            keep = child.jobs < JOBS_A_CHILD
        except Gone as gone:
            raise Relayed(died(simple(PROCESS_DIED, str(gone), attempt.claim.task))) from None
        finally:
            attempt.kill = None
            if keep:
                self._idle.append(child)
            else:
                self._drop(child)
        if "word" in answer:
            raise Relayed(word_from(answer["word"]))
        return Kept(answer["result"].encode())

    async def close(self) -> None:
        """End every child."""
        for child in tuple(self._all):
            self._drop(child)
            await child.ended()

    async def _start(self) -> Child:
        child = Child.start(self._parts)
        self._all.add(child)
        try:
            await child.ready()
        except Gone as gone:
            self._drop(child)
            raise Relayed(died(simple(PROCESS_DIED, f"the process could not start: {gone}"))) from None
        except BaseException:
            self._drop(child)
            raise
        return child

    def _drop(self, child: Child) -> None:
        child.kill()
        self._all.discard(child)

    async def _until_ended(self, child: Child, attempt: Attempt) -> Frame:
        told = False
        while True:
            try:
                frame = await child.receive()
            except asyncio.CancelledError:
                if not told:
                    child.send({"cancel": True})
                told = True
                continue
            if "began" in frame:
                attempt.begins()
            elif "progress" in frame:
                attempt.context.put(frame["progress"].encode())
            elif "child" in frame:
                attempt.context.take_child(child_from(frame["child"]))
            else:
                ended: Frame = frame["ended"]
                return ended


def _reference(part: object) -> str:
    return f"{type(part).__module__}:{type(part).__qualname__}"


def _epitaph(code: int) -> str:
    if code >= 0:
        return f"the process that ran the handler exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"the process that ran the handler was ended by {name}"
