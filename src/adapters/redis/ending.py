"""Ending tasks that speak to Redis."""

import asyncio
from typing import Any

AGAIN_S = 0.05


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancel `task` until it ends: below the driver, Python 3.11 may lose a cancellation that meets an answer."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
