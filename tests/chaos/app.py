"""Tasks for chaos: what they do is noted in the ledger, which outlives every process and every database."""

import asyncio
import ctypes
import os
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text
from tests.chaos.ledger import jot

from equeue import Context, Fixed, Tasks

tasks = Tasks()
SOON = Fixed(base=0.05)
ALWAYS: dict[str, Any] = {"queue": "chaos", "max_retries": 1_000, "backoff": SOON}
ONCE_MORE: dict[str, Any] = {"queue": "chaos", "max_retries": 1, "backoff": SOON, "timeout": 1}


@tasks.task("chaos.short", **ALWAYS)
async def short(ctx: Context, n: int = 0) -> int:
    """End at once."""
    return n + ctx.attempt


@tasks.task("chaos.stamp", **ALWAYS)
async def stamp(ctx: Context) -> None:
    """Note the start."""
    jot(ctx, "began")


@tasks.task("chaos.wait", **ALWAYS)
async def wait(ctx: Context, seconds: float, first: float | None = None) -> str:
    """Wait; another time at the first attempt, if `first` says so."""
    jot(ctx, "began")
    await asyncio.sleep(seconds if first is None or ctx.attempt > 1 else first)
    jot(ctx, "ended")
    return ctx.fence


@tasks.task("chaos.thread", **ALWAYS)
def thread(ctx: Context, seconds: float) -> str:
    """Wait in a thread."""
    jot(ctx, "began")
    time.sleep(seconds)
    jot(ctx, "ended")
    return ctx.fence


@tasks.task("chaos.process", isolation="process", **ALWAYS)
def process(ctx: Context, seconds: float) -> str:
    """Wait in a process."""
    jot(ctx, "began")
    time.sleep(seconds)
    jot(ctx, "ended")
    return ctx.fence


@tasks.task("zombie.polite", **ALWAYS)
async def polite(ctx: Context, gate: str) -> str:
    """Say how far it is until the gate opens, and end when cancelled."""
    jot(ctx, "began")
    try:
        await _until_open(ctx, gate)
    except asyncio.CancelledError:
        jot(ctx, "cancelled")
        raise
    return ctx.fence


@tasks.task("zombie.stubborn", **ALWAYS)
async def stubborn(ctx: Context, gate: str) -> str:
    """Finish all the same when cancelled, saying on and on how far it is."""
    jot(ctx, "began")
    try:
        await _until_open(ctx, gate)
    except asyncio.CancelledError:
        jot(ctx, "cancelled")
        for done in range(15):
            ctx.progress(done, text=ctx.fence)
            await asyncio.sleep(0.02)
        jot(ctx, "late")
    return ctx.fence


@tasks.task("zombie.thread", **ALWAYS)
def threaded(ctx: Context, gate: str) -> str:
    """Look whether to stop, and return a result all the same."""
    jot(ctx, "began")
    while not Path(gate).exists():
        ctx.progress(0, text=ctx.fence)
        time.sleep(0.02)
        if ctx.cancelled:
            jot(ctx, "cancelled")
            jot(ctx, "late")
            return ctx.fence
    return ctx.fence


async def _until_open(ctx: Context, gate: str) -> None:
    while not Path(gate).exists():  # noqa: ASYNC240 - a gate that opens for processes, whatever the database does
        ctx.progress(0, text=ctx.fence)
        await asyncio.sleep(0.02)


@tasks.task("chaos.book", **ALWAYS)
async def book(ctx: Context, account: int, linger: float = 0.0, curse: str = "") -> str:
    """Book one unit with the attempt's success, and ask for a receipt; the test's trigger knows of curses."""
    del curse
    async with ctx.transaction() as connection:
        await connection.execute(
            text("insert into units (account, job_id, token) values (:account, :job_id, :token)"),
            {"account": account, "job_id": ctx.job.fence.job_id, "token": ctx.job.fence.token},
        )
    ctx.enqueue(short, n=account)
    jot(ctx, "booked")
    await asyncio.sleep(linger)
    jot(ctx, "ended")
    return ctx.fence


@tasks.task("chaos.family", **ALWAYS)
async def family(ctx: Context, curse: str) -> str:
    """Ask for two jobs; the test's own trigger does something to the settlement of who is cursed."""
    ctx.enqueue(short, n=1)
    ctx.enqueue(short, n=len(curse))
    jot(ctx, "ended")
    return ctx.fence


@tasks.task("careless.block", queue="chaos", max_retries=1, backoff=SOON)
async def blocking(ctx: Context, seconds: float) -> str:
    """Block the worker's loop."""
    jot(ctx, "began")
    time.sleep(seconds)  # noqa: ASYNC251 - that is the point
    return ctx.fence


@tasks.task("careless.spin", **ONCE_MORE)
async def spin(ctx: Context) -> None:
    """Never let go of the loop."""
    jot(ctx, "began")
    while True:
        pass


@tasks.task("careless.spin_thread", **ONCE_MORE)
def spin_thread(ctx: Context) -> None:
    """Never look whether to stop."""
    jot(ctx, "began")
    while True:
        pass


@tasks.task("careless.spin_process", isolation="process", **ONCE_MORE)
def spin_process(ctx: Context) -> None:
    """Do the same where it can be killed."""
    jot(ctx, "began")
    while True:
        pass


@tasks.task("careless.late", **ONCE_MORE)
def late(ctx: Context, seconds: float) -> str:
    """Ignore being stopped for a while, then return a result."""
    jot(ctx, "began")
    time.sleep(seconds)
    jot(ctx, "late")
    return ctx.fence


@tasks.task("careless.die", **ONCE_MORE)
async def die(ctx: Context, how: str) -> None:
    """End the worker's own process."""
    jot(ctx, "began")
    _die(how)


@tasks.task("careless.die_process", isolation="process", **ONCE_MORE)
def die_process(ctx: Context, how: str) -> None:
    """End the process of its own."""
    jot(ctx, "began")
    _die(how)


@tasks.task("careless.memory", isolation="process", queue="chaos", max_retries=1, backoff=SOON)
def memory(ctx: Context) -> int:
    """Take four gigabytes."""
    jot(ctx, "began")
    return len(bytearray(4 * 1024**3))


@tasks.task("careless.fork", isolation="process", queue="chaos", max_retries=1, backoff=SOON)
def fork(ctx: Context) -> str:
    """Leave a second process behind that also comes to the end of the handler."""
    jot(ctx, "began")
    return "parent" if os.fork() else "child"


def _die(how: str) -> None:
    match how:
        case "exit":
            os._exit(9)
        case "segfault":
            ctypes.string_at(0)
