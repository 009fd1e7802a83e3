"""The worker as a process: signals, exit code, and the last resort against handlers that will not end."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TypeAlias

from .parts import WorkerParts
from .runtime import Worker

OpenParts: TypeAlias = Callable[[], AbstractAsyncContextManager[WorkerParts]]
"""Opens the worker's collaborators on the running loop and closes them at the end."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)
YOUNG = 10_000
"""After so many new objects the garbage collector looks for cycles among them.

A worker in full flow holds thousands of objects for jobs that come and go without a cycle. After every 700, which is
Python's habit, the collector took a third of the worker's time.
"""


def run_worker(open_parts: OpenParts) -> int:
    """Work until SIGTERM or SIGINT; a second signal hurries. Return the exit code."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        worker_code, stuck = runner.run(_work(open_parts))
        if stuck:
            # a handler that ignores cancellation would keep the loop, and with it the process, from ending
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(worker_code)
    return worker_code


async def _work(open_parts: OpenParts) -> tuple[int, int]:
    async with open_parts() as parts:
        _spare_the_collector()
        worker = Worker(parts)
        _heed_signals(worker)
        probed = nullcontext() if parts.probes is None else parts.probes.answering(worker.vital, parts.log)
        with probed:
            code = await worker.run()
        return code, worker.stuck


def _spare_the_collector() -> None:
    """Leave out of the collector's rounds what was imported, for it stays; and have it go round less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def _heed_signals(worker: Worker) -> None:
    loop = asyncio.get_running_loop()
    told = 0

    def heed() -> None:
        nonlocal told
        told += 1
        if told == 1:
            worker.stop()
        else:
            worker.hurry()

    for number in SIGNALS:
        loop.add_signal_handler(number, heed)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
