"""Tasks for worker processes under test: each run is written to a ledger that only handlers write."""

import asyncio
import os
import threading
import time

import psycopg

from equeue import Context, Fixed, Tasks

tasks = Tasks()
SOON = Fixed(base=0.05)
LEDGER = """
create table if not exists ledger (
    n bigserial primary key, job_id uuid, token bigint, what text, pid int, at timestamptz default clock_timestamp()
)
"""


def note(ctx: Context, what: str) -> None:
    """Write one line into the ledger, committed at once, and tell whoever waits for it."""
    with psycopg.connect(os.environ["LEDGER_URL"], autocommit=True) as connection:
        connection.execute(
            "insert into ledger (job_id, token, what, pid) values (%s, %s, %s, %s)",
            (ctx.job.job_id, ctx.job.fence.token, what, os.getpid()),
        )
        connection.execute("notify ledger")


@tasks.task("short.run", max_retries=3, backoff=SOON)
async def short(ctx: Context, n: int = 0) -> int:
    """End at once."""
    return n + ctx.attempt


@tasks.task("noted.run", max_retries=3, backoff=SOON)
async def noted(ctx: Context, seconds: float = 0) -> str:
    """Note the beginning and the end, with a wait in between."""
    note(ctx, "began")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        note(ctx, "cancelled")
        raise
    note(ctx, "ended")
    return ctx.fence


@tasks.task("threaded.run", max_retries=3, backoff=SOON)
def threaded(ctx: Context, seconds: float = 0) -> str:
    """The same in a thread, looking whether to stop."""
    note(ctx, "began")
    until = time.monotonic() + seconds
    gap = threading.Event()
    while time.monotonic() < until:
        if ctx.cancelled:
            note(ctx, "cancelled")
            return "stopped"
        gap.wait(0.01)
    note(ctx, "ended")
    return ctx.fence


@tasks.task("blocking.run", max_retries=3, backoff=SOON)
async def blocking(ctx: Context, seconds: float) -> str:
    """Block the worker's loop, as careless code does."""
    note(ctx, "began")
    time.sleep(seconds)  # noqa: ASYNC251 - that is the point
    note(ctx, "ended")
    return ctx.fence


@tasks.task("spinning.run", max_retries=1, backoff=SOON, timeout=0.5)
async def spinning(ctx: Context) -> None:
    """Never let go of the loop."""
    note(ctx, "began")
    while True:
        pass


@tasks.task("spinning.thread", max_retries=1, backoff=SOON, timeout=0.5)
def spinning_thread(ctx: Context) -> None:
    """Never look whether to stop."""
    note(ctx, "began")
    while True:
        time.sleep(0.01)


@tasks.task("exiting.run", max_retries=2, backoff=SOON)
async def exiting(ctx: Context) -> None:
    """End the process under the worker's feet."""
    note(ctx, "began")
    os._exit(9)
