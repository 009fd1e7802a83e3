"""Where Redis is: one server, Sentinels that know the present master, or the nodes of a cluster."""

from enum import StrEnum
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

import attrs
from redis.asyncio.connection import parse_url
from redis.credentials import UsernamePasswordCredentialProvider

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
PORT, SENTINEL_PORT = 6379, 26379
_SENTINEL_OPTION = "sentinel_"


HELP = (
    "not an address of Redis: redis://user:password@host:6379/0, rediss:// for TLS, unix:///path, "
    "redis+sentinel://user:password@host:26379,host:26379/service/0, redis+cluster://user:password@host:6379,host:6379"
)


class BadRedisUrl(ValueError):
    """The address of Redis is not one; the message shows those there are."""

    def __init__(self) -> None:
        super().__init__(HELP)


class Kind(StrEnum):
    """What stands at the address."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@attrs.frozen
class Address:
    """A parsed address. `options` are the driver's; passwords are in an object that keeps them to itself."""

    kind: Kind
    nodes: tuple[tuple[str, int], ...] = ()
    service: str = ""
    tls: bool = False
    options: dict[str, Any] = attrs.field(factory=dict, repr=False)
    sentinel_options: dict[str, Any] = attrs.field(factory=dict, repr=False)


def read_address(url: str) -> Address:
    """Return what `url` says; raise `BadRedisUrl`, which never repeats it."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise BadRedisUrl
        scheme, _, kind = parts.scheme.partition("+")
        if not kind:
            return Address(Kind.SERVER, options=_discreet(dict(parse_url(url))))
        return _many(parts, scheme, Kind(kind))
    except ValueError:
        raise BadRedisUrl from None


def _many(parts: SplitResult, scheme: str, kind: Kind) -> Address:
    logins, _, hosts = parts.netloc.rpartition("@")
    words = [word for word in parts.path.split("/") if word]
    if kind is Kind.SENTINEL and not words:
        raise BadRedisUrl
    service = words.pop(0) if kind is Kind.SENTINEL else ""
    sentinel = {name: text for name, text in parse_qsl(parts.query) if name.startswith(_SENTINEL_OPTION)}
    plain = {name: text for name, text in parse_qsl(parts.query) if name not in sentinel}
    login = f"{logins}@" if logins else ""
    options = parse_url(f"{scheme}://{login}host/{'/'.join(words)}?{urlencode(plain)}")
    return Address(
        kind,
        nodes=tuple(_node(host, SENTINEL_PORT if kind is Kind.SENTINEL else PORT) for host in hosts.split(",")),
        service=unquote(service),
        tls=scheme == "rediss",
        options=_discreet({name: value for name, value in options.items() if name not in ("host", "connection_class")}),
        sentinel_options=_discreet({name.removeprefix(_SENTINEL_OPTION): text for name, text in sentinel.items()}),
    )


def _discreet(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with user and password in an object whose `repr` shows neither: tracebacks show options."""
    user, password = options.pop("username", None), options.pop("password", None)
    if password is not None:
        options["credential_provider"] = UsernamePasswordCredentialProvider(user, password)
    return options


def _node(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise BadRedisUrl
    return parts.hostname, parts.port or port
