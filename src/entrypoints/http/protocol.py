"""HTTP on the wire, where even a request that is no HTTP gets a problem document."""

import asyncio
import secrets
from enum import Enum
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from . import wire
from .problems import PROBLEM_JSON, Problem

HEAD_BYTES = 64 * 1024
"""Longest request line and headers together."""

HEAD_S = 10.0
"""So long a new connection may be silent, and the head of a request take."""

BODY_S = 120.0
"""So long the body of a request may take, times in which we do not read left out."""

LINGER_S = 2.0
"""How long a refused client may go on sending: closed at once with bytes unread, the answer could be lost."""


class Part(Enum):
    """What is awaited of a connection."""

    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds on a request's head and on slowness, and our words for what cannot be parsed."""

    head_s = HEAD_S
    body_s = BODY_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._in_head = True
        self._refused = False
        self._begun = False
        self._awaited = Part.NOTHING
        self._alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a first request before long: uvicorn would wait for ever."""
        super().connection_made(transport)
        self._await(Part.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._await(Part.NOTHING)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless a head grows beyond all bounds."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self._refused:
            self._refuse(Problem("head-too-large", f"Request line and headers may have {HEAD_BYTES} bytes."))
        # Most requests come in one piece and set no alarm.
        self._await(Part.NOTHING if self._refused or not self._begun else Part.HEAD if self._in_head else Part.BODY)

    def on_message_begin(self) -> None:
        """Begin to count the head of a request."""
        self._in_head, self._head_bytes, self._begun = True, 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Expect the next head."""
        super().on_message_complete()
        self._in_head, self._head_bytes, self._begun = True, 0, False

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP."""
        self._refuse(Problem("bad-request", msg))

    def _await(self, part: Part) -> None:
        """Set the alarm for what is awaited now, unless it is set."""
        if part is self._awaited:
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._awaited = part
        if part is not Part.NOTHING:
            self._alarm = self.loop.call_later(self.head_s if part is Part.HEAD else self.body_s, self._too_slow)

    def _too_slow(self) -> None:
        part, self._awaited = self._awaited, Part.NOTHING
        if self.flow.read_paused:
            self._await(part)  # it is us who do not read
        elif not self._begun or (part is Part.BODY and self.cycle.response_started):
            self.transport.close()
        else:
            self._refuse(Problem("request-timeout", f"The {part.value} of the request did not come in time."))

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
