"""The tasks that eQueue's worker runs here: `equeue worker bench.worker.tasks:tasks`."""

import asyncio
import gc

from bench.worker.starts import note
from equeue import Context, Tasks

tasks = Tasks()


@tasks.task("bench.noop", queue="bench")
async def noop(ctx: Context, number: int, pad: str) -> None:
    """Note the start; the payload has about 100 bytes."""
    del ctx, pad
    note(number)


@tasks.task("bench.long", queue="bench")
async def long(ctx: Context, seconds: float) -> None:
    """Take long, waiting."""
    del ctx
    note(-1)
    await asyncio.sleep(seconds)


@tasks.task("bench.collect", queue="bench")
async def collect(ctx: Context) -> None:
    """Collect garbage, so that what is left is what the worker holds."""
    del ctx
    gc.collect()
    note(-2)
