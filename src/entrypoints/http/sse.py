"""Server-sent events: how they are written, and how a stream of them is sent and ended."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from litestar.response.base import ASGIResponse

from ...application.ports.platform import Clock
from .endpoint import EVENT_STREAM, Answer

PING_AFTER: Final = timedelta(seconds=15)
"""So long a stream may be silent; proxies cut what is silent for longer."""

PING: Final = b": ping\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def event(name: str, data: bytes, id: str) -> bytes:
    """Return one event; `data` is JSON in one line."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (name.encode("ascii"), id.encode("ascii"), data)


def stream(events: AsyncIterator[bytes]) -> Answer:
    """Return the answer that sends these events as they come."""
    return Answer(headers=HEADERS, media_type=EVENT_STREAM, stream=events)


@attrs.frozen
class Permission:
    """How long a stream may go on: a credential that expires ends what it opened."""

    expires_at: datetime | None
    clock: Clock

    @property
    def is_over(self) -> bool:
        """Tell whether the credential has expired."""
        return self.expires_at is not None and self.expires_at <= self.clock.now()

    @property
    def patience(self) -> timedelta:
        """How long to wait for the next event before there is something to do."""
        if self.expires_at is None:
            return PING_AFTER
        return max(timedelta(0), min(PING_AFTER, self.expires_at - self.clock.now()))


class StreamResponse(ASGIResponse):
    """Sends pieces as they come. A HEAD gets the headers alone."""

    __slots__ = ("_pieces",)
    _should_set_content_length = False

    def __init__(self, answer: Answer, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(status_code=answer.status, headers=dict(answer.headers), media_type=answer.media_type)
        self._pieces = pieces

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - an ASGI application
        """Send the head, then every piece, then the end."""
        try:
            await self.start_response(send=send)
            if scope["method"] != "HEAD":
                async for piece in self._pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._close()

    async def _close(self) -> None:
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()
