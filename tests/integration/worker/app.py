"""Tasks for worker processes under test: each run is written to a ledger that only handlers write."""

import asyncio
import os
import threading
import time

import psycopg
from sqlalchemy import text

from equeue import Context, Fixed, Tasks

tasks = Tasks()
SOON = Fixed(base=0.05)
LEDGER = """
create table if not exists bookings (
    account int not null, job_id uuid not null, token bigint not null,
    constraint account_is_open check (account > 0),
    constraint once unique (account) deferrable initially deferred
);
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


@tasks.task("booking.run", max_retries=3, backoff=SOON)
async def booking(ctx: Context, account: int, linger: float = 0.0, fail: bool = False) -> str:  # noqa: FBT001, FBT002
    """Book one unit, exactly once, and ask for a receipt."""
    async with ctx.transaction() as connection:
        await connection.execute(
            text("insert into bookings (account, job_id, token) values (:account, :job_id, :token)"),
            {"account": account, "job_id": ctx.job.job_id, "token": ctx.job.fence.token},
        )
    await ctx.enqueue(short, n=account)
    note(ctx, "booked")
    await asyncio.sleep(linger)
    if fail and ctx.attempt == 1:
        raise ValueError("not yet")
    return ctx.fence


@tasks.task("exiting.run", max_retries=2, backoff=SOON)
async def exiting(ctx: Context) -> None:
    """End the process under the worker's feet."""
    note(ctx, "began")
    os._exit(9)
