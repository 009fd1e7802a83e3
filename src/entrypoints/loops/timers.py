"""Time and tasks from the running asyncio loop: what production gives where a simulator gives its own."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import attrs

from ...application.ports.runtime import Post

T = TypeVar("T")
AGAIN_S = 1.0
"""So long a task that was cancelled may take to clean up before it is cancelled once more."""


@attrs.frozen
class LoopTimers:
    """Timers of whichever loop is running."""

    def after(self, seconds: float, then: Callable[[], object]) -> asyncio.TimerHandle:
        """Call `then` on the running loop once `seconds` have gone by."""
        return asyncio.get_running_loop().call_later(seconds, then)


def spawn(work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
    """Start `work` as a task; where Python can, its first step runs at once and may be its last."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=loop, name=name, eager_start=True)
    return asyncio.Task(work, loop=loop, name=name)


def post_from_threads(loop: asyncio.AbstractEventLoop) -> Post:
    """Return what has a call made on `loop`, from whichever thread."""

    def post(call: Callable[[], Any]) -> None:
        loop.call_soon_threadsafe(call)

    return post


async def cancelled(task: "asyncio.Task[None]") -> None:
    """Cancel `task` and wait for its end; again as long as it goes on, for libraries below may lose a cancel."""
    while not task.done():
        task.cancel()
        await asyncio.wait((task,), timeout=AGAIN_S)
