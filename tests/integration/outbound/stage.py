"""A server on loopback that plays a part of its own under each path, and remembers who came."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import attrs
import httpcore2


@attrs.define
class Visit:
    """One connection: what was asked on it, and how many bytes it took back."""

    head: bytes = b""
    body: bytes = b""
    taken: int = 0

    @property
    def path(self) -> str:
        """The path asked for, without its query."""
        return self.head.split(b" ", 2)[1].decode().lstrip("/").partition("?")[0]

    def header(self, name: str) -> str | None:
        """Return a request header, if it was sent."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


@attrs.frozen
class Sender:
    """The server's side of a connection."""

    visit: Visit
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send, and wait until the network has taken it."""
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)  # under TLS `drain` alone would never let the loop see that the caller has gone
        self.visit.taken += len(data)

    def reset(self) -> None:
        """Cut the connection with RST."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def read_request_body(self) -> None:
        """Read as many bytes as the request promised."""
        self.visit.body = await self.reader.readexactly(int(self.visit.header("content-length") or 0))


Part: TypeAlias = Callable[[Sender], Awaitable[None]]


@attrs.define
class Server:
    """Where the server is, and who came."""

    port: int = 0
    visits: list[Visit] = attrs.field(factory=list)
    asked: asyncio.Event = attrs.field(factory=asyncio.Event)

    def url(self, path: str, scheme: str = "http") -> str:
        """Return the URL of a part."""
        return f"{scheme}://{self.endpoint}/{path}"

    @property
    def endpoint(self) -> str:
        """Return what an operator would write to allow this server."""
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(parts: Mapping[str, Part], tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Play `parts` until the block ends, then cut every connection."""
    server = Server()
    ongoing: set[asyncio.Task[None]] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit()
        server.visits.append(visit)
        try:
            visit.head = await reader.readuntil(b"\r\n\r\n")
            server.asked.set()
            await parts[visit.path](Sender(visit, reader, writer))
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller has gone, which is its right
        finally:
            writer.transport.abort()

    def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(play(reader, writer))
        ongoing.add(task)
        task.add_done_callback(ongoing.discard)

    listening = await asyncio.start_server(arrived, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tuple(ongoing):
            task.cancel()
        await asyncio.gather(*ongoing, return_exceptions=True)
        await asyncio.sleep(0)  # an aborted transport closes its socket in the loop's next turn


class Elsewhere(httpcore2.AsyncNetworkBackend):
    """A network that notes where it is to connect to, and gets nowhere, or to where it is bent."""

    def __init__(self, bent_to: tuple[str, int] | None = None) -> None:
        self.asked: list[str] = []
        self._bent_to = bent_to

    async def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Any = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """Note the address; connect to nothing, or to where the network is bent."""
        self.asked.append(host)
        if self._bent_to is None:
            raise httpcore2.ConnectError("nowhere")
        return await httpcore2.AnyIOBackend().connect_tcp(*self._bent_to, timeout=timeout)
