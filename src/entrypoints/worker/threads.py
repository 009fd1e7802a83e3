"""Threads for plain functions: as many as there are slots, started on demand, never waited for at exit."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class HandlerThreads:
    """A pool of daemon threads; a thread that is stuck in a call is written off and another takes its place."""

    def __init__(self, size: int) -> None:
        self._limit = size
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0

    def run(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Run `call` in a thread, in a copy of the caller's context."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()
        self._calls.put(lambda: _answer(loop, future, context.run, call))
        if not self._idle.acquire(blocking=False) and self._started < self._limit:
            self._start()
        return future

    def write_off(self) -> None:
        """Make room for one thread more, in place of one that is stuck."""
        self._limit += 1

    def close(self) -> None:
        """Let idle threads end; busy ones end with their call."""
        for _ in range(self._started):
            self._calls.put(None)

    def _start(self) -> None:
        self._started += 1
        threading.Thread(target=self._main, name=f"equeue-handler-{self._started}", daemon=True).start()

    def _main(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            self._idle.release()


def _answer(
    loop: asyncio.AbstractEventLoop, future: "asyncio.Future[T]", run: Callable[..., T], call: Callable[[], T]
) -> None:
    result: Any = None
    raised: BaseException | None = None
    try:
        result = run(call)
    except BaseException as any_error:  # noqa: BLE001 - a task's own code may raise anything
        raised = any_error
    try:
        loop.call_soon_threadsafe(_deliver, future, result, raised)
    except RuntimeError:
        return  # the loop is closed: nobody waits for this any more


def _deliver(future: "asyncio.Future[Any]", result: object, raised: BaseException | None) -> None:
    if future.done():
        return
    if raised is None:
        future.set_result(result)
    elif issubclass(type(raised), StopIteration):  # a future refuses to carry it
        future.set_exception(RuntimeError(f"the handler raised StopIteration({_shown(raised)})"))
    else:
        future.set_exception(raised)


def _shown(raised: BaseException) -> str:
    """Return what a StopIteration carries; nothing of the task's own may keep its future from being told."""
    try:
        return repr(raised.args[0]) if raised.args else "None"
    except Exception:  # noqa: BLE001 - the task's own __repr__
        return "…"
