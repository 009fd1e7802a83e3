"""HTTP on the wire, where even a request that is no HTTP gets a problem document."""

import secrets
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from . import wire
from .problems import PROBLEM_JSON, Problem

HEAD_BYTES = 64 * 1024
"""Longest request line and headers together."""

LINGER_S = 2.0
"""How long a refused client may go on sending: closed at once with bytes unread, the answer could be lost."""


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a bound on the head of a request, and our words for what cannot be parsed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless a head grows beyond all bounds."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self._refused:
            self._refuse(Problem("head-too-large", f"Request line and headers may have {HEAD_BYTES} bytes."))

    def on_message_begin(self) -> None:
        """Begin to count the head of a request."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect the next head."""
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP."""
        self._refuse(Problem("bad-request", msg))

    def _refuse(self, problem: Problem) -> None:
        request_id = secrets.token_hex(16)
        body = wire.encode(problem.document(request_id))
        lines = [
            STATUS_LINE[problem.status].rstrip(),
            b"content-type: " + PROBLEM_JSON.encode(),
            b"content-length: %d" % len(body),
            b"x-request-id: " + request_id.encode(),
            b"cache-control: no-store",
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self._refused = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)
