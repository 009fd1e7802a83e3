"""Which headers a job may send, and which of ours go with them."""

import re
from collections.abc import Iterable, Iterator, Mapping

from ...application.ports.outbound import OutboundRefused, OutboundRequest
from .target import Target

HEADERS = 64
HEADER_BYTES = 16_384

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?", re.ASCII)

_FORBIDDEN = frozenset(
    {
        # the message's frame and its way, which are ours to set
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"),
        *("expect", "accept-encoding", "http2-settings", "via", "forwarded", "x-real-ip"),
        # what opens the metadata services of clouds
        *("metadata", "metadata-flavor", "x-google-metadata-request", "x-metadata-token", "x-identity-header"),
    }
)
_FORBIDDEN_PREFIXES = ("proxy-", "x-forwarded-", "x-aws-ec2-metadata-", "x-envoy-")


def outgoing(target: Target, request: OutboundRequest) -> list[tuple[bytes, bytes]]:
    """Return all headers of the request, or raise `OutboundRefused` for one that a job may not send."""
    headers = [*_ours(target, request), *request.headers]
    _check(request.headers)
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]


def received(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """Return a response's headers by lower-case name, repeated ones joined."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _ours(target: Target, request: OutboundRequest) -> Iterator[tuple[str, str]]:
    given = {name.lower() for name, _ in request.headers}
    yield "Host", target.authority
    yield "Connection", "close"
    yield "Accept-Encoding", "identity"
    if "accept" not in given:
        yield "Accept", "*/*"
    if "user-agent" not in given:
        yield "User-Agent", "eQueue"
    if request.body is not None or request.method in {"POST", "PUT", "PATCH"}:
        yield "Content-Length", str(len(request.body or b""))


def _check(headers: tuple[tuple[str, str], ...]) -> None:
    """Refuse by name only: a value may be a secret, and an error is stored and shown."""
    if len(headers) > HEADERS or sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES:
        raise OutboundRefused(f"at most {HEADERS} headers of {HEADER_BYTES} bytes in all may be sent")
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise OutboundRefused("a header's name is not a token")
        # Some servers read `_` as `-`.
        plain = name.lower().replace("_", "-")
        if plain in _FORBIDDEN or plain.startswith(_FORBIDDEN_PREFIXES):
            raise OutboundRefused(f"the header {name} may not be set")
        if not _VALUE.fullmatch(value):
            raise OutboundRefused(f"the value of the header {name} must be printable ASCII without outer spaces")
