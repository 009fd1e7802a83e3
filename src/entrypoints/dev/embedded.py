"""Servers of our own: kept running while they are wanted, and stopped with growing insistence."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from .console import Console


class Embedded(Protocol):
    """A server that lives as long as this process."""

    async def start(self) -> str:
        """Start it and return its URL once it answers."""
        ...

    async def stop(self) -> None:
        """Stop it."""
        ...

    async def died(self) -> None:
        """Return when it ends, by itself or not."""
        ...


@asynccontextmanager
async def kept(embedded: Embedded, name: str, console: Console) -> AsyncIterator[str]:
    """Give the URL of a server that is started again should it end."""
    keeper: asyncio.Task[None] | None = None
    try:
        url = await embedded.start()
        keeper = asyncio.create_task(_keep(embedded, name, console))
        yield url
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})
        await embedded.stop()


async def stop(process: Process | None, hints: Sequence[signal.Signals], patience_s: float) -> None:
    """Send a process one hint after the other, each once it had `patience_s` to heed the one before."""
    if process is None or process.returncode is not None:
        return
    for hint in hints:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(hint)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience_s)
            return


async def _keep(embedded: Embedded, name: str, console: Console) -> None:
    while True:
        await embedded.died()
        console.say(f"{name} ended; starting it again")
        await embedded.start()
        console.say(f"{name} is back")
