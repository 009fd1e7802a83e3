"""What every peer's program can do: `python -m bench.peers.with_… install | work | offer`, on the address it is given.

All run on uvloop, which the command lines of pgqueuer and oban choose as well.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import uvloop

PAD = "x" * 80
"""With the number beside it, about 100 bytes of JSON."""

Offer: TypeAlias = Callable[[int], Awaitable[object]]
Install: TypeAlias = Callable[[str], Awaitable[None]]
Work: TypeAlias = Callable[[str, int], Awaitable[None]]
Producer: TypeAlias = Callable[[str], AbstractAsyncContextManager[Offer]]


def main(install: Install, work: Work, producer: Producer) -> None:
    """Do what the command line says: `install URL`, `work URL SETTING` or `offer URL COUNT GAP_S`."""
    verb, url, *rest = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match verb:
            case "install":
                runner.run(install(url))
            case "work":
                runner.run(work(url, int(rest[0])))
            case "offer":
                json.dump(runner.run(_offer(producer, url, int(rest[0]), float(rest[1]))), sys.stdout)


async def until_told() -> None:
    """Return once the process is told to end."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


async def _offer(producer: Producer, url: str, count: int, gap: float) -> list[tuple[int, int]]:
    """Enqueue at a steady pace; return before and after of each call, in nanoseconds of the monotonic clock."""
    calls = []
    async with producer(url) as offer:
        begin = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(begin + number * gap - time.monotonic(), 0.0))
            before = time.monotonic_ns()
            await offer(number)
            calls.append((before, time.monotonic_ns()))
    return calls
