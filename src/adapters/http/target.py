"""What a URL must look like to be called at all, in the one form in which everything after uses it."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Self

import attrs
import httpx2

from ...application.ports.outbound import OutboundRefused

URL_CHARS = 8_192

_SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[^\s\x00-\x20\x7f/?#@\\:\[\]%]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#][^\x00-\x20\x7f]*)?",
    re.IGNORECASE | re.ASCII,
)
"""No credentials, no white space, no backslash, no escapes in the host, no zone: nothing that two parsers of URLs
are known to read in two ways."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@attrs.frozen
class Endpoint:
    """A host, in canonical form, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{_bracketed(self.host)}:{self.port}"


@attrs.frozen
class Target:
    """A URL that was understood. `path` holds the path and query as they are sent, and is never shown."""

    scheme: str
    endpoint: Endpoint
    path: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, url: str) -> Self:
        """Return what `url` names, or raise `OutboundRefused`, without repeating any of it in the error."""
        if len(url) > URL_CHARS:
            raise OutboundRefused(f"the URL has more than {URL_CHARS} characters")
        shape = _SHAPE.fullmatch(url)
        if shape is None:
            raise OutboundRefused("the URL must be http(s)://host[:port]/path without credentials or spaces")
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, UnicodeError):
            raise OutboundRefused("the URL's host or port is malformed") from None
        port = _DEFAULT_PORTS[parsed.scheme] if parsed.port is None else parsed.port
        if not 1 <= port <= 65_535:
            raise OutboundRefused("the URL's port must be between 1 and 65535")
        return cls(parsed.scheme, Endpoint(_canonical(parsed.raw_host.decode("ascii")), port), parsed.raw_path)

    @property
    def authority(self) -> str:
        """Return the value of the `Host` header: the port only where it is not the scheme's own."""
        host, port = self.endpoint.host, self.endpoint.port
        return _bracketed(host) if port == _DEFAULT_PORTS[self.scheme] else f"{_bracketed(host)}:{port}"

    @property
    def origin(self) -> str:
        """Return the URL as far as it may be shown: paths and queries hold secrets."""
        return f"{self.scheme}://{self.authority}"


def endpoints(texts: Iterable[str]) -> frozenset[Endpoint]:
    """Return the exact endpoints that an operator's `host:port` texts name; raise `ValueError` for anything else."""
    return frozenset(_endpoint(text.strip()) for text in texts if text.strip())


def _endpoint(text: str) -> Endpoint:
    shape = _SHAPE.fullmatch(f"http://{text}")
    problem = f"{text!r} is not an exact host:port, such as 127.0.0.1:8000 or [::1]:8000"
    if shape is None or shape["port"] is None or shape["rest"]:
        raise ValueError(problem)
    try:
        return Target.of(f"http://{text}").endpoint
    except OutboundRefused:
        raise ValueError(problem) from None


def _canonical(host: str) -> str:
    """Return the host in lower case, without a final dot, an address in its shortest form."""
    host = host.lower().removesuffix(".")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise OutboundRefused("the URL's host is not a name or an address")
    # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to getaddrinfo; a name never ends in a number.
    if _NUMBER.fullmatch(labels[-1]):
        raise OutboundRefused("the URL's host is an address in an unusual spelling")
    return host


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
