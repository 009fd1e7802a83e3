"""Counts what comes over the wire, so that no form of an answer can be endless."""

import ssl

import attrs
import httpcore2

READ_BYTES = 16_384
"""The parser works through one read without giving the loop back: small reads keep other jobs' time."""


@attrs.define
class Meter:
    """How many bytes may still be received."""

    left: int

    def count(self, received: int) -> None:
        """Raise `httpcore2.RemoteProtocolError` once more was received than allowed."""
        self.left -= received
        if self.left < 0:
            raise httpcore2.RemoteProtocolError("the answer has too many bytes around its body")


class MeteredStream(httpcore2.AsyncNetworkStream):
    """A connection whose every received byte is counted: headers, 1xx answers, chunk sizes and trailers too."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, meter: Meter) -> None:
        self._stream = stream
        self._meter = meter

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, at most `READ_BYTES` of it."""
        received = await self._stream.read(min(max_bytes, READ_BYTES), timeout)
        self._meter.count(len(received))
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Return the same connection under TLS, counted still."""
        return MeteredStream(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._meter)

    def get_extra_info(self, info: str) -> object:
        """Return what the connection knows of itself."""
        return self._stream.get_extra_info(info)
