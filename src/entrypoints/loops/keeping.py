"""Loops that are to go on: run again should they ever break, and stopped in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from ...application.ports.runtime import Timers
from ...application.ports.telemetry import Log
from .bell import Bell
from .maintaining import Maintainer
from .timers import LoopTimers, cancelled

AGAIN = 1.0
"""How long a loop that broke is left alone, in seconds."""

LAST_SET = 2.0
"""How long a pass under way may take to end once its process is to stop, in seconds."""


async def keep(event: str, name: str, loop: Callable[[], Coroutine[Any, Any, None]], timers: Timers, log: Log) -> None:
    """Run a loop until it returns, and again should it break: a process without one of its loops helps nobody."""
    while True:
        try:
            return await loop()
        except Exception as broken:
            log.error(event, loop=name, error=repr(broken), exc_info=broken)  # noqa: TRY400 - it is a port
            await Bell(timers).rest(AGAIN)


@asynccontextmanager
async def maintained(maintainer: Maintainer, log: Log) -> AsyncIterator[None]:
    """Do maintenance meanwhile, and let the set under way end before the connections are given back."""
    work = keep("maintenance.broke", "maintenance", maintainer.run, LoopTimers(), log)
    task = asyncio.create_task(work, name="equeue-maintenance")
    try:
        yield
    finally:
        maintainer.stop()
        await asyncio.wait((task,), timeout=LAST_SET)
        await cancelled(task)
