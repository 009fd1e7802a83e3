"""Waiting for one thing, but no longer than somebody wants it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeAlias, TypeVar

import attrs

Value = TypeVar("Value")

Ending: TypeAlias = Callable[[], Coroutine[Any, Any, object]]
"""Returns when there is no use in waiting on."""


@attrs.frozen
class Ended:
    """It ended before what was waited for came."""


ENDED: Final = Ended()


@attrs.frozen
class Departure:
    """Tells when the caller hangs up. Ask only once the body is read: whatever still comes of it is thrown away."""

    _receive: Callable[[], Awaitable[Any]]

    async def __call__(self) -> None:
        """Return once nobody is there to read the answer."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def never() -> None:
    """Wait for ever: nobody hangs up here."""
    await asyncio.Event().wait()


async def unless(wanted: Coroutine[Any, Any, Value], *endings: Ending) -> Value | Ended:
    """Return what `wanted` comes to; `ENDED` if any of the endings comes first, and then `wanted` is cancelled."""
    asked = asyncio.ensure_future(wanted)
    others = [asyncio.ensure_future(ending()) for ending in endings]
    try:
        await asyncio.wait((asked, *others), return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        for other in others:
            if other.done():
                other.result()  # an ending that broke is no ending
        return ENDED
    finally:
        for task in (asked, *others):
            task.cancel()
        await asyncio.gather(asked, *others, return_exceptions=True)
