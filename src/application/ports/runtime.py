"""What the worker's loops need of the machinery that runs them, so that a simulator can stand in for it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Cancellable(Protocol):
    """Something that was arranged for later."""

    def cancel(self) -> object:
        """Let it not happen."""
        ...


class Timers(Protocol):
    """The one way in which the worker's loops let time pass."""

    def after(self, seconds: float, then: Callable[[], object]) -> Cancellable:
        """Call `then` on this loop once `seconds` have gone by."""
        ...


class Threads(Protocol):
    """Runs plain functions beside the loop."""

    def run(self, call: Callable[[], T]) -> Awaitable[T]:
        """Run `call` in a thread; the answer may be awaited and abandoned, the thread itself cannot be stopped."""
        ...

    def write_off(self) -> None:
        """Replace one thread that is stuck in a call, so that the others keep their room."""
        ...


Post = Callable[[Callable[[], Any]], None]
"""Has a call made on the worker's own loop, from whichever thread."""
