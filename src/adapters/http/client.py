"""The `Outbound` port over httpcore2: one guarded connection for each request, one deadline for all of it.

httpcore2 and not the client above it, because it has nothing to switch off: no redirects, no proxies or
credentials from the environment, no cookies, no decompression. A connection of its own costs each request a
handshake; in return nothing that a target does to a connection reaches another job.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Iterable
from contextlib import aclosing
from datetime import timedelta
from functools import cached_property

import httpcore2

from ...application.ports.outbound import OutboundFailed, OutboundRefused, OutboundRequest, OutboundResponse
from .guard import PORTS, Guard, GuardedBackend
from .headers import outgoing, received
from .metering import READ_BYTES, Meter
from .resolver import Resolve, SystemResolver
from .target import Target, endpoints

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
BODY_BYTES = 262_144
EXCERPT_BYTES = 2_048
EXCERPT_S = 1.0
HEAD_BYTES = 65_536


class GuardedHttp:
    """Sends requests to public addresses, and to the exact `host:port` endpoints in `allow`.

    `allow` is the operator's list; a text in it that is not `host:port` raises `ValueError`. `ports` are those open
    on public addresses. At most `body_bytes` of an answer's body are kept. `tls` is made from the system's
    certificates when first needed.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        *,
        ports: Iterable[int] = PORTS,
        body_bytes: int = BODY_BYTES,
        resolve: Resolve | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = Guard(endpoints(allow), frozenset(ports), resolve or SystemResolver())
        self._body_bytes = body_bytes
        self._network = network or httpcore2.AnyIOBackend()
        self._given_tls = tls
        # At DEBUG the library writes down answers' headers and whatever it could not parse: cookies, echoed keys.
        logging.getLogger("httpcore2").setLevel(logging.INFO)

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Exchange the request for its answer; see `Outbound.send`."""
        target = Target.of(request.url)
        if request.method not in METHODS:
            raise OutboundRefused(f"the method must be one of {', '.join(sorted(METHODS))}")
        headers = outgoing(target, request)
        self._guard.admit(target.endpoint)
        exchange = _Exchange(self._guard, self._network, self._body_bytes)
        started = time.monotonic()
        await self._perform(exchange, target, _wired(target, request, headers), request.deadline)
        return exchange.response(target.origin, timedelta(seconds=time.monotonic() - started))

    async def _perform(
        self, exchange: "_Exchange", target: Target, wired: httpcore2.Request, deadline: timedelta
    ) -> None:
        seconds = deadline.total_seconds()
        tls = self._tls if target.scheme == "https" else None
        try:
            async with asyncio.timeout(seconds) as limit:
                await exchange.run(wired, tls, limit)
        except TimeoutError:
            if not exchange.judged:
                raise OutboundFailed(f"{target.origin}: no complete answer within {seconds:g} s") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, OSError) as trouble:
            if not exchange.judged:
                raise OutboundFailed(f"{target.origin}: {_said(trouble)}") from trouble
        finally:
            await exchange.aclose()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpcore2.default_ssl_context()


class _Exchange:
    """One request on its way: what of its answer has come so far."""

    def __init__(self, guard: Guard, network: httpcore2.AsyncNetworkBackend, body_bytes: int) -> None:
        self._meter = Meter(HEAD_BYTES + READ_BYTES)
        self._backend = GuardedBackend(guard, self._meter, network)
        self._body_bytes = body_bytes
        self._head: httpcore2.Response | None = None
        self._body = bytearray()
        self._complete = False

    @property
    def judged(self) -> bool:
        """Tell whether what has come is an answer: all of a 2xx, or the head of any other."""
        return self._head is not None and (self._complete or not _good(self._head.status))

    async def run(self, request: httpcore2.Request, tls: ssl.SSLContext | None, limit: asyncio.Timeout) -> None:
        """Send the request and read its answer, as much of it as is wanted."""
        connection = httpcore2.AsyncHTTPConnection(
            request.url.origin, ssl_context=tls, http1=True, http2=False, network_backend=self._backend
        )
        self._head = await connection.handle_async_request(request)
        if not _good(self._head.status):
            # The status has decided: its body is only for people to read, and may not cost the deadline.
            _no_later_than(limit, asyncio.get_running_loop().time() + EXCERPT_S)
            self._body_bytes = min(self._body_bytes, EXCERPT_BYTES)
        self._meter.left = 2 * self._body_bytes + HEAD_BYTES
        await self._read(self._head)

    async def _read(self, head: httpcore2.Response) -> None:
        async with aclosing(head.aiter_stream()) as chunks:
            async for chunk in chunks:
                self._body += chunk
                if len(self._body) > self._body_bytes:
                    break
        self._complete = True

    def response(self, origin: str, elapsed: timedelta) -> OutboundResponse:
        """Return the answer; call it only once the exchange was `judged`, or ended without an error."""
        assert self._head is not None  # noqa: S101
        return OutboundResponse(
            origin=origin,
            status=self._head.status,
            headers=received(self._head.headers),
            body=bytes(self._body[: self._body_bytes]),
            truncated=not self._complete or len(self._body) > self._body_bytes,
            elapsed=elapsed,
        )

    async def aclose(self) -> None:
        """Close the connection, in whatever state it is."""
        await self._backend.aclose()


def _wired(target: Target, request: OutboundRequest, headers: list[tuple[bytes, bytes]]) -> httpcore2.Request:
    endpoint = target.endpoint
    url = httpcore2.URL(
        scheme=target.scheme.encode(), host=endpoint.host.encode(), port=endpoint.port, target=target.path
    )
    return httpcore2.Request(request.method.encode(), url, headers=headers, content=request.body or b"")


def _good(status: int) -> bool:
    return 200 <= status < 300


def _no_later_than(limit: asyncio.Timeout, instant: float) -> None:
    set_to = limit.when()
    limit.reschedule(instant if set_to is None else min(set_to, instant))


def _said(trouble: Exception) -> str:
    """Say what went wrong in words of ours or the system's: after a colon the parser quotes the target."""
    words = str(trouble)
    if isinstance(trouble, httpcore2.ProtocolError):
        words = words.partition(":")[0]
    shown = "".join(char if char.isprintable() else " " for char in words)[:200]
    return f"{type(trouble).__name__}: {shown}" if shown else type(trouble).__name__
