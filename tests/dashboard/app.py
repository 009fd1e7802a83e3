"""The tasks that the dashboard's tests look at: quick, slow with progress, hostile, failing until they are edited."""

import asyncio
from typing import Any

from equeue import Context, Fixed, Tasks

tasks = Tasks()


@tasks.task("mail.send", queue="mail", max_retries=1, backoff=Fixed(0.1))
async def send_mail(address: str, copies: int = 1) -> dict[str, Any]:
    """Send a letter. An address without @ never works."""
    if "@" not in address:
        raise ValueError(f"{address!r} is no address")
    return {"sent": copies}


@tasks.task("report.build", queue="reports", timeout=120)
async def build_report(ctx: Context, steps: int = 5, pause_s: float = 0.2) -> dict[str, int]:
    """Build a report step by step, and tell how far it has come."""
    for step in range(1, steps + 1):
        await ctx.progress(step, steps, f"page {step}")
        await asyncio.sleep(pause_s)
    return {"pages": steps}


@tasks.task("ledger.book", queue="ledger")
async def book(account: int, note: str = "") -> dict[str, Any]:
    """Give back what came in, to the last digit."""
    return {"account": account, "note": note}


@tasks.task("video.encode", queue="video", max_retries=5, backoff=Fixed(600))
async def encode(minutes: int = 1) -> None:
    """Fail at first, and be retried in ten minutes."""
    raise RuntimeError(f"no encoder for {minutes} minutes of film")


@tasks.task("echo.tell", queue="echo", timeout=120)
async def tell(ctx: Context, text: str, times: int = 1, *, fail: bool = False, hold_s: float = 0) -> dict[str, str]:
    """Say <script>alert(5)</script> "><img src=x onerror=alert(6)> where a worker may: progress, result and error."""
    await ctx.progress(1, 2, text)
    await asyncio.sleep(hold_s)
    if fail:
        raise type(f"<b>{text[:60]}</b>", (Exception,), {})(text * times)
    return {text: text * times}
