"""Server-sent events: how they are written, and for how long."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final

import attrs

from ...application.ports.platform import Clock
from ...domain.access import Principal
from ...domain.errors import Unavailable
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
    """How long a stream may go on: what ends a credential, or changes what it is good for, ends what it opened.

    `again` judges the credential anew. Of one that was revoked a silent stream hears with its next comment.
    """

    principal: Principal
    clock: Clock
    again: Callable[[], Awaitable[Principal | None]]

    async def is_over(self) -> bool:
        """Tell whether the credential is no longer what it was; while nobody can tell, it is."""
        expires_at = self.principal.expires_at
        if expires_at is not None and expires_at <= self.clock.now():
            return True
        try:
            return await self.again() != self.principal
        except Unavailable:
            return False

    @property
    def patience(self) -> timedelta:
        """How long to wait for the next event before there is something to do."""
        expires_at = self.principal.expires_at
        if expires_at is None:
            return PING_AFTER
        return max(timedelta(0), min(PING_AFTER, expires_at - self.clock.now()))
