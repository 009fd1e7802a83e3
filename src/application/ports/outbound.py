"""HTTP to the outside world, on behalf of jobs whose authors the operator need not trust."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar, Protocol

import attrs

from ...domain.errors import DomainError, Unavailable


class OutboundRefused(DomainError):
    """This request may not leave: its target, a header or its form is not allowed. Trying again changes nothing."""

    code: ClassVar[str] = "outbound-refused"


class OutboundFailed(Unavailable):
    """The target gave no complete answer: no address, no connection, a broken one, or none in time. Try again."""

    code: ClassVar[str] = "outbound-failed"


@attrs.frozen(kw_only=True)
class OutboundRequest:
    """One request; what may hold a secret is never shown by `repr`.

    `deadline` bounds the whole exchange, from the first look at a name server to the last byte of the answer.
    """

    method: str
    url: str = attrs.field(repr=False)
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    deadline: timedelta


@attrs.frozen(kw_only=True)
class OutboundResponse:
    """What the target answered; all of it is a stranger's word.

    `origin` is scheme, host and port of the target, without the path, query or header that may hold a secret.
    Names of `headers` are in lower case, repeated ones joined with a comma. `body` is what came over the wire,
    never decompressed, and bounded: `truncated` says that there was more. Of an answer that is not 2xx only an
    excerpt is read.
    """

    origin: str
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    truncated: bool
    elapsed: timedelta


class Outbound(Protocol):
    """The one way by which a payload's word becomes a connection."""

    async def send(self, request: OutboundRequest) -> OutboundResponse:
        """Exchange one request for its answer, whatever its status; no redirect is followed, nothing is repeated.

        Raises `OutboundRefused` before anything was sent, if the request is malformed or its target is not a
        public address and not expressly allowed; `OutboundFailed` if no complete answer came within the deadline.
        No error's text holds a header's value, or a path or query of the URL.
        """
        ...
