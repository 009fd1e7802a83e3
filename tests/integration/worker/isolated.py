"""Handlers that run in processes of their own, and do there what nobody should."""

import asyncio
import ctypes
import os
import resource
import sys
import time
from typing import Any

import attrs

from equeue import Context, Discard, Exponential, Fixed, Retry, Snooze, Tasks, options

tasks = Tasks()
ONCE: dict[str, Any] = {"isolation": "process", "max_retries": 0, "backoff": Fixed(base=0)}


@attrs.frozen
class Point:
    x: int


@tasks.task("child.facts", **ONCE)
def facts(ctx: Context, point: Point, note: str = "none") -> dict[str, Any]:
    """Tell what a handler knows."""
    return {
        "pid": os.getpid(),
        "group": os.getpgid(0),
        "x": point.x,
        "note": note,
        "fence": ctx.fence,
        "attempt": ctx.attempt,
        "tags": list(ctx.job.tags),
    }


@tasks.task("child.async", **ONCE)
async def asynchronous(ctx: Context) -> int:
    """Await something, and say how far it is."""
    ctx.progress(1, 2, "half")
    await asyncio.sleep(0)
    return os.getpid()


@tasks.task("child.asks", **ONCE)
def asking(ctx: Context, fail: bool = False) -> str:  # noqa: FBT001, FBT002 - a payload field
    """Ask for other jobs."""
    first = ctx.enqueue(options(asynchronous, delay=60, tags=["a"], unique="only"))
    ctx.enqueue(options("child.async", priority=1, backoff=Exponential(base=3)), {})
    if fail:
        raise ValueError("no")
    return str(first.id)


@tasks.task("child.raise", **ONCE)
def raising(kind: str) -> object:
    """Raise one thing or another."""
    match kind:
        case "error":
            raise ValueError("no")
        case "discard":
            raise Discard("hopeless")
        case "snooze":
            raise Snooze(90)
        case "retry":
            raise Retry("later", after=60)
        case "exit":
            sys.exit(3)
        case _:
            return object()


@tasks.task("child.die", **ONCE)
def dying(how: str) -> None:
    """End the process under the worker's eyes."""
    match how:
        case "exit":
            os._exit(9)
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), 9)


@tasks.task("child.bound", **ONCE)
def bound() -> int:
    """Tell how much memory there may be."""
    return resource.getrlimit(resource.RLIMIT_AS)[0]


@tasks.task("child.memory", **ONCE)
def greedy() -> int:
    """Take four gigabytes."""
    return len(bytearray(4 * 1024**3))


@tasks.task("child.fork", **ONCE)
def forking() -> str:
    """Leave a second process behind that also comes to the end of the handler."""
    return "parent" if os.fork() else "child"


@tasks.task("child.spin", timeout=1, **ONCE)
def spinning() -> None:
    """Never end, never look."""
    while True:
        pass


@tasks.task("child.sleep", **ONCE)
async def sleeping(ctx: Context) -> None:
    """Wait for ever, and clean up when stopped."""
    try:
        await asyncio.Event().wait()
    finally:
        ctx.progress(1, 1, "cleaned")


@tasks.task("child.polite", timeout=1, **ONCE)
def polite(ctx: Context) -> None:
    """Look whether to stop."""
    while not ctx.cancelled:
        time.sleep(0.01)
