"""Answers probes and shows metrics, from a thread of its own: a handler that blocks the loop must not seem a death."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TypeAlias

import attrs

from ...application.ports.metering import BUSY, HELD, OF_WORKERS, SLOTS, STUCK, UNWRITTEN, Family, Labels, Meter
from ...application.ports.telemetry import Log

LONGEST_LINE = 8_192
PATIENCE_S = 5.0
JSON = "application/json"
METRICS = "text/plain; version=0.0.4; charset=utf-8"


class PortTaken(Exception):
    """Probes cannot be answered at the address. Set `EQUEUE_PROBE_PORT` to a free port, or leave it out."""


@attrs.frozen
class Vital:
    """How a worker stands: whether it lives, whether it works (`why` not, in words), and its numbers."""

    lives: bool
    why: str
    slots: int
    running: int
    held: int
    unwritten: int
    stuck: int

    @property
    def gauges(self) -> dict[Family, dict[Labels, float]]:
        """The numbers, as they are shown."""
        numbers = {
            SLOTS: self.slots,
            BUSY: self.running,
            HELD: self.held,
            UNWRITTEN: self.unwritten,
            STUCK: self.stuck,
        }
        return {family: {(): float(number)} for family, number in numbers.items()}


Look: TypeAlias = Callable[[], Vital]


@attrs.frozen
class Probes:
    """Where a worker answers probes, and with what numbers."""

    host: str
    port: int
    meter: Meter
    info: dict[Family, dict[Labels, float]] = attrs.Factory(dict)

    @contextmanager
    def answering(self, look: Look, log: Log) -> Iterator[None]:
        """Answer until left. Raises `PortTaken`."""
        answering = _Answering(self, look)
        thread = threading.Thread(target=answering.run, name="equeue-probes", daemon=True)
        thread.start()
        answering.started.wait()
        if answering.refused is not None:
            raise PortTaken(
                f"probes cannot be answered at {self.host}:{self.port} ({answering.refused.strerror}): set "
                "EQUEUE_PROBE_PORT to a free port, or leave it out"
            ) from answering.refused
        log.info("probes.answering", host=self.host, port=self.port)
        try:
            yield
        finally:
            answering.stop()
            thread.join(PATIENCE_S)

    def answer(self, line: bytes, vital: Vital) -> tuple[HTTPStatus, str, str]:
        """Return the status, the content type and the body for a request line."""
        method, _, rest = line.decode("latin-1").strip().partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, JSON, '{"status":"refused"}'
        match path:
            case "/health/live":
                return _health(HTTPStatus.OK if vital.lives else HTTPStatus.SERVICE_UNAVAILABLE, "alive")
            case "/health/ready":
                why = "" if vital.lives else "the heartbeat has ended"
                return _health(
                    HTTPStatus.SERVICE_UNAVAILABLE if vital.why or why else HTTPStatus.OK, vital.why or "ready"
                )
            case "/metrics":
                return HTTPStatus.OK, METRICS, self.meter.show(OF_WORKERS, {**vital.gauges, **self.info})
        return HTTPStatus.NOT_FOUND, JSON, '{"status":"not-found"}'


def _health(status: HTTPStatus, word: str) -> tuple[HTTPStatus, str, str]:
    return status, JSON, f'{{"status":"{word}"}}'


class _Answering:
    """The thread: a loop of its own with one small server."""

    def __init__(self, probes: Probes, look: Look) -> None:
        self._probes = probes
        self._look = look
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self.started = threading.Event()
        self.refused: OSError | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    def stop(self) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._answer, self._probes.host, self._probes.port, limit=LONGEST_LINE)
        except OSError as refused:
            self.refused = refused
            return
        finally:
            self.started.set()
        async with server:
            await self._stopped.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_S):
                asked = await reader.readuntil(b"\r\n\r\n")
                line = asked.partition(b"\r\n")[0]
                status, kind, body = self._probes.answer(line, self._look())
                content = b"" if line.startswith(b"HEAD") else body.encode()
                head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {kind}\r\ncache-control: no-store"
                tail = f"content-length: {len(body.encode())}\r\nconnection: close\r\n\r\n"
                writer.write(f"{head}\r\n{tail}".encode() + content)
                await writer.drain()
        writer.close()
