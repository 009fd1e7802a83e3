"""A thread and a loop of its own for the heartbeat, so that it goes on while a handler blocks the worker's loop."""

import asyncio
import threading
from collections.abc import Callable

from .beating import Heart


class HeartThread:
    """Runs a heart until told to stop; `failed` is called from the thread if the heart breaks."""

    def __init__(self, heart: Heart, failed: Callable[[BaseException], None]) -> None:
        self._heart = heart
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, name="equeue-heartbeat", daemon=True)

    def start(self) -> None:
        """Start beating; returns once the thread's loop takes calls."""
        self._thread.start()
        self._ready.wait()

    async def stop(self) -> None:
        """Stop beating and wait for the connection to be given back."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._heart.stop)
        await asyncio.to_thread(self._thread.join, 5.0)

    def _main(self) -> None:
        try:
            asyncio.run(self._beat())
        except BaseException as broken:  # noqa: BLE001 - the last line of the thread: nobody else would hear of it
            self._failed(broken)
        finally:
            self._ready.set()

    async def _beat(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._heart.run()
