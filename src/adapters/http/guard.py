"""The guard in the socket layer: whatever leads to a connection passes here, and is judged by its address."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Any, Never

import attrs
import httpcore2

from ...application.ports.outbound import OutboundRefused
from .metering import Meter, MeteredStream
from .networks import why_not_public
from .resolver import Resolve
from .target import Endpoint

PORTS = frozenset({80, 443, 8080, 8443})
CONNECT_S = 5.0
ADDRESSES = 4


@attrs.frozen
class Guard:
    """What may be connected to: public addresses on `ports`, and exactly the endpoints `allowed` by the operator."""

    allowed: frozenset[Endpoint]
    ports: frozenset[int]
    resolve: Resolve

    def admit(self, endpoint: Endpoint) -> None:
        """Raise `OutboundRefused` for a port that is not open to jobs."""
        if endpoint not in self.allowed and endpoint.port not in self.ports:
            self._refuse(endpoint, f"port {endpoint.port} is not among {', '.join(map(str, sorted(self.ports)))}")

    def vet(self, endpoint: Endpoint, address: str) -> None:
        """Raise `OutboundRefused` if `address` is not public, unless the operator allowed this very endpoint."""
        if endpoint not in self.allowed and (word := why_not_public(address)) is not None:
            self._refuse(endpoint, f"its address is not public ({word})")

    async def addresses(self, endpoint: Endpoint) -> Sequence[str]:
        """Return the addresses of the endpoint, every one of them vetted; a single bad one refuses them all."""
        self.admit(endpoint)
        found = await self._look_up(endpoint)
        for address in found:
            self.vet(endpoint, address)
        return found

    async def _look_up(self, endpoint: Endpoint) -> Sequence[str]:
        try:
            return [str(ip_address(endpoint.host))]
        except ValueError:
            pass
        try:
            found = await self.resolve(endpoint.host, endpoint.port)
        except OSError as trouble:
            raise httpcore2.ConnectError(f"no address for {endpoint.host}: {trouble}") from trouble
        if not found:
            raise httpcore2.ConnectError(f"no address for {endpoint.host}")
        return found

    def _refuse(self, endpoint: Endpoint, why: str) -> Never:
        raise OutboundRefused(f"{endpoint}: {why}, and the operator has not allowed {endpoint} (EQUEUE_HTTP_ALLOW)")


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects for one exchange: looks a name up once, vets all its addresses, connects to those and no others."""

    def __init__(self, guard: Guard, meter: Meter, network: httpcore2.AsyncNetworkBackend) -> None:
        self._guard = guard
        self._meter = meter
        self._network = network
        self._streams: list[httpcore2.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange has one deadline, kept by its caller
        local_address: str | None = None,  # noqa: ARG002 - never set
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - never set
    ) -> httpcore2.AsyncNetworkStream:
        """Return a connection to a vetted address of `host`."""
        endpoint = Endpoint(host, port)
        trouble: Exception | None = None
        for address in (await self._guard.addresses(endpoint))[:ADDRESSES]:
            try:
                stream = await self._network.connect_tcp(address, port, timeout=CONNECT_S)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                trouble = failed
                continue
            self._streams.append(stream)
            self._check_peer(endpoint, address, stream)
            return MeteredStream(stream, self._meter)
        raise trouble or httpcore2.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> Never:
        """Refuse: no payload can name a socket of this machine."""
        raise OutboundRefused("local sockets are not open to outbound requests")

    async def aclose(self) -> None:
        """Close what was opened, also where a cancellation came between connecting and using."""
        for stream in self._streams:
            await stream.aclose()

    def _check_peer(self, endpoint: Endpoint, address: str, stream: httpcore2.AsyncNetworkStream) -> None:
        peer = stream.get_extra_info("server_addr")
        if peer is None:
            raise httpcore2.ConnectError("the connection was reset at once")
        if ip_address(peer[0]) != ip_address(address):
            raise OutboundRefused(f"{endpoint}: connected to another address than the one that was judged")
