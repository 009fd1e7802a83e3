"""Pages of other origins (CORS): none may call the API unless an installation names it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeAlias

import attrs

Send: TypeAlias = Callable[[Any], Awaitable[None]]

READ: Final = b"etag, idempotency-replayed, link, location, preference-applied, retry-after, x-request-id"
"""What a page may read of an answer beyond the usual."""

SENT: Final = (
    b"authorization, content-type, idempotency-key, if-match, last-event-id, prefer, traceparent, x-request-id"
)
"""What a page may send beyond the usual."""

METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REMEMBERED_S: Final = b"600"


@attrs.frozen
class Origins:
    """The origins whose pages are admitted. Credentials of a browser (cookies) never are: a page sends a key."""

    admitted: frozenset[bytes] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> "Origins":
        """Return what admits these origins, each as `https://host[:port]`."""
        return cls(frozenset(name.encode("ascii") for name in names))

    def __bool__(self) -> bool:
        return bool(self.admitted)

    def of_request(self, scope: Any) -> bytes | None:
        """Return the origin of the page that sends the request, if it is admitted."""
        given = [value for name, value in scope["headers"] if name == b"origin"]
        return given[0] if len(given) == 1 and given[0] in self.admitted else None


def is_preflight(scope: Any) -> bool:
    """Tell whether a browser asks beforehand what a page may do."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


async def answer_preflight(send: Send) -> None:
    """Say what a page may do."""
    headers = [
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", SENT),
        (b"access-control-max-age", REMEMBERED_S),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def admitting(send: Send, origin: bytes | None) -> Send:
    """Return what sends an answer on, with the headers that let a page of `origin` read it.

    Every answer says that it depends on the origin, or a cache would give one page the answer to another.
    """

    async def onward(message: Any) -> None:
        if message["type"] == "http.response.start":
            added = (
                []
                if origin is None
                else [
                    (b"access-control-allow-origin", origin),
                    (b"access-control-expose-headers", READ),
                ]
            )
            message = {**message, "headers": [*message.get("headers", ()), *added, (b"vary", b"Origin")]}
        await send(message)

    return onward
