"""Enqueues eQueue's jobs one by one at a steady rate until told to end: `python -m bench.pruning.flow URL RATE`."""

import asyncio
import signal
import sys
import time

from bench.worker.tasks import noop
from equeue import AsyncProducer

PAD = "x" * 80
AHEAD_S = 0.5


async def flow(url: str, rate: float) -> int:
    """Make a call for each job when its time comes, however long those before it take; return how many there were.

    Printed first is when that of job 0 comes, in nanoseconds of the monotonic clock.
    """
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    number = 0
    async with AsyncProducer(url) as producer, asyncio.TaskGroup() as calls:
        begin = time.monotonic() + AHEAD_S
        print(int(begin * 1e9), flush=True)
        while not ended.is_set():
            while begin + number / rate <= time.monotonic():
                calls.create_task(producer.enqueue(noop, number=number, pad=PAD))
                number += 1
            await asyncio.sleep(max(begin + number / rate - time.monotonic(), 0.0))
    return number


if __name__ == "__main__":
    print(asyncio.run(flow(sys.argv[1], float(sys.argv[2]))))
