"""Answers that go out piece by piece: the next piece is made once the one before has been taken."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar.response.base import ASGIResponse

from .departure import Departure
from .endpoint import Answer


class CutShort(Exception):
    """The stream cannot go on to its end. The connection is closed in the midst, so that nobody takes it for whole."""


class StreamResponse(ASGIResponse):
    """Sends pieces as they come, and no more of them once the caller has gone. A HEAD gets the headers alone."""

    __slots__ = ("_pieces",)
    _should_set_content_length = False

    def __init__(self, answer: Answer, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(status_code=answer.status, headers=dict(answer.headers), media_type=answer.media_type)
        self._pieces = pieces

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the head, then every piece, then the end."""
        gone = asyncio.ensure_future(Departure(receive)())
        try:
            await self.start_response(send=send)
            if scope["method"] != "HEAD":
                async for piece in self._pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    if gone.done():
                        return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except CutShort:
            return
        finally:
            gone.cancel()
            await self._close()

    async def _close(self) -> None:
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()
