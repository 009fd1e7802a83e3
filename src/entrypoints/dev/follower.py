"""The command that `equeue dev --then` runs once everything serves."""

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Mapping
from pathlib import Path

from .console import Console
from .program import described

STOP_S = 0.5


async def follow(
    command: str, environment: Mapping[str, str], console: Console, stop: asyncio.Event, logs: Path
) -> int:
    """Run `command` on our own terminal until it ends or `stop` is set; return its exit code.

    What the servers write goes only to their files in `logs` meanwhile, if a person looks on.
    """
    console.hold()
    try:
        # A process group of its own keeps Ctrl-C from reaching it; it is stopped with all the others.
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command), env=environment, stdin=asyncio.subprocess.DEVNULL, process_group=0
        )
    except OSError as trouble:
        console.release(logs)
        console.say(f"{command}: {trouble}")
        return 1
    code = await _ended(process, stop)
    console.release(logs)
    if code:
        console.say(f"`{command}` {described(code)}")
    return code


async def _ended(process: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for hint in (signal.SIGTERM, signal.SIGKILL):
        if not ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, hint)
            await asyncio.wait({ended}, timeout=STOP_S)
    return await ended
