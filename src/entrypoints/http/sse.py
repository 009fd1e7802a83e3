"""Server-sent events: how they are written, and for how long."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import attrs

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
