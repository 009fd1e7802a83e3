"""GET /events: which topics changed, for views that read again what they show."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

from ...domain.access import Scope
from . import stream_wire, wire
from .departure import Ended, unless
from .endpoint import API, EVENT_STREAM, Answer, Call, any_of, endpoint
from .services import HttpServices
from .sse import PING, Permission, event, stream

RESUMED = "last-event-id"


@endpoint(
    "GET",
    f"{API}/events",
    access=any_of(Scope.STATS_READ),
    answers={200: stream_wire.ChangedTopics},
    tag="events",
    streams=(EVENT_STREAM,),
)
async def stream_events(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Hear which topics changed, as server-sent events `changed`; they only say that it is time to look.

    There is no log of them: whoever comes back with `Last-Event-ID` gets one `resync`, and reads everything again. The
    last change of a burst may be told up to ten seconds late. Members see their own jobs only, and whether others'
    changed is not for them; they poll.
    """
    return stream(_events(services, call, resumed=RESUMED in call.headers))


async def _events(services: HttpServices, call: Call[Any, Any], *, resumed: bool) -> AsyncIterator[bytes]:
    permission = Permission(call.principal, services.clock, call.again)
    numbers = count(1)
    with services.topics.listen() as listener:
        # A reader learns from the first piece that the stream is open.
        yield event("resync", b"{}", str(next(numbers))) if resumed else PING
        while not await permission.is_over():
            changed = await unless(listener.next(permission.patience), call.gone, services.drain.started.wait)
            if isinstance(changed, Ended):
                return
            if changed:
                told = wire.encode(stream_wire.ChangedTopics(sorted(changed)))
                yield event("changed", told, str(next(numbers)))
            else:
                yield PING


ENDPOINTS = (stream_events,)
