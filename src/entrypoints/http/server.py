"""Serves the API in this process until a signal says stop; then it says so, finishes what it has, and returns."""

import asyncio
import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Coroutine, Iterator
from types import FrameType
from typing import Any, TypeVar

import attrs
import structlog
import uvicorn
import uvloop
from litestar import Litestar

from .protocol import ProblemProtocol
from .services import Drain

GRACE_S = 10
KEEP_ALIVE_S = 65
BACKLOG = 2_048
_log = structlog.get_logger("equeue.http")

Result = TypeVar("Result")


class PortInUse(Exception):
    """Another process listens on the address. Stop it, or choose another port with `EQUEUE_PORT`."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"{host}:{port} is in use: stop what listens there, or set EQUEUE_PORT to a free port")
        self.host = host
        self.port = port


@attrs.frozen
class Address:
    """Where to listen; port 0 takes any free one."""

    host: str = "127.0.0.1"
    port: int = 8000


def bind(address: Address) -> socket.socket:
    """Return a socket that listens at `address`; raise `PortInUse` before anything else is started."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(address.host, address.port) from error
        raise
    listener.setblocking(False)
    return listener


async def serve(app: Litestar, listener: socket.socket, drain: Drain, *, grace_s: int = GRACE_S) -> None:
    """Serve `app` on `listener` until SIGTERM or SIGINT, or until `drain` begins; return once all is finished.

    At the first signal readiness turns false and streams end; requests under way get `grace_s` to finish. A second
    signal does not wait for them.
    """
    config = uvicorn.Config(
        app,
        loop="none",
        http=ProblemProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=grace_s,
    )
    await GracefulServer(config, drain).serve(sockets=[listener])
    _log.info("http.stopped")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


class GracefulServer(uvicorn.Server):
    """uvicorn, told to drain first, and returning instead of dying by the signal that stopped it."""

    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say where; from here on signals are handled."""
        await super().startup(sockets)
        for listener in sockets or ():
            host, port = listener.getsockname()[:2]
            _log.info("http.serving", host=host, port=port)

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to stop: somebody inside may have begun to drain."""
        return bool(self._drain) or await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        """Begin to stop at the first signal; at the second cut short what is under way."""
        # A handler may run amid anything, so all it does is to wake the loop.
        asyncio.get_running_loop().call_soon_threadsafe(self._cut_short if self.should_exit else self._begin_to_stop)
        self.should_exit = True

    def _begin_to_stop(self) -> None:
        self._drain.begin()
        _log.info("http.stopping", requests=len(self.server_state.tasks))

    def _cut_short(self) -> None:
        # uvicorn's own way to hurry would still wait for the connections of requests that never end.
        self.force_exit = True
        for request in self.server_state.tasks:
            request.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals while serving; the caller goes on afterwards, so that it can close what it opened."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        earlier = {sig: signal.signal(sig, self.handle_exit) for sig in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for sig, handler in earlier.items():
                signal.signal(sig, handler)
