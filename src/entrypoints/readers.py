"""How the text of an environment variable becomes a value; each reader says in words what it would have taken."""

import re
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import entry_points
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

Value = TypeVar("Value")
Reader: TypeAlias = Callable[[str], Value]

SHORTEST_SECRET = 32
PORTS = range(1, 65_536)
QUEUE_BACKENDS = "equeue.queue_backends"
"""The group of entry points under which packages bring queue backends."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?")
_NAME = re.compile(r"[a-z0-9_.:-]{1,64}")


class Secret(str):
    """Text that never shows itself in a `repr`, so that no log and no traceback of settings tells it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'…'"


def text(raw: str) -> str:
    """Take the text as it is."""
    return raw


def choice(*words: str) -> Reader[str]:
    """Take one of `words`."""

    def read(raw: str) -> str:
        if raw not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return raw

    return read


def queue_backend(*own: str) -> Reader[str]:
    """Take the name of a queue backend: one of our `own`, or one that an installed package brings."""

    def read(raw: str) -> str:
        if raw not in own and raw not in entry_points(group=QUEUE_BACKENDS).names:
            raise ValueError(f"must be one of {', '.join(own)}, or what a package brings as {QUEUE_BACKENDS}")
        return raw

    return read


def name(raw: str) -> str:
    """Take a plain name."""
    if not _NAME.fullmatch(raw):
        raise ValueError("must be 1 to 64 of a-z 0-9 _ . : -")
    return raw


def flag(raw: str) -> bool:
    """Take true or false, in the usual spellings."""
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if raw.strip().lower() not in known:
        raise ValueError("must be true or false")
    return known[raw.strip().lower()]


def whole(low: int, high: int) -> Reader[int]:
    """Take a whole number between `low` and `high`."""

    def read(raw: str) -> int:
        if not raw.strip().isascii() or not raw.strip().isdigit() or not low <= int(raw[:20]) <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return int(raw)

    return read


def seconds(low: float, high: float) -> Reader[timedelta]:
    """Take a number of seconds between `low` and `high`."""

    def read(raw: str) -> timedelta:
        try:
            number = float(raw)
        except ValueError:
            number = -1.0
        if not low <= number <= high:
            raise ValueError(f"must be a number of seconds between {low:g} and {high:g}")
        return timedelta(seconds=number)

    return read


def optional(read: Reader[Value]) -> Reader[Value | None]:
    """Take what `read` takes; empty is none."""
    return lambda raw: read(raw) if raw else None


def url(*schemes: str) -> Reader[Secret | None]:
    """Take a URL with one of `schemes`, kept secret for the password that it may hold; empty is none."""

    def read(raw: str) -> Secret | None:
        if raw and urlsplit(raw).scheme not in schemes:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return Secret(raw) if raw else None

    return read


def secret(raw: str) -> Secret | None:
    """Take a text to be kept secret; empty is none."""
    return Secret(raw) if raw else None


def secrets(raw: str) -> tuple[Secret, ...]:
    """Take secrets separated by commas, the current one first."""
    found = tuple(Secret(part.strip()) for part in raw.split(",") if part.strip())
    if any(len(part) < SHORTEST_SECRET for part in found):
        raise ValueError(f"each must have at least {SHORTEST_SECRET} characters")
    return found


def origins(raw: str) -> frozenset[str]:
    """Take origins of web pages separated by commas, each as browsers write it."""
    found = frozenset(part.strip() for part in raw.split(",") if part.strip())
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"must be origins such as https://app.example.org, separated by commas; '{origin}' is none"
            )
    return found


def addresses(raw: str) -> frozenset[str]:
    """Take `host:port` pairs separated by commas."""
    found = frozenset(part.strip() for part in raw.split(",") if part.strip())
    for address in found:
        _, _, port = address.rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port[:6]) not in PORTS or address.startswith(":"):
            raise ValueError(f"must be host:port pairs separated by commas; '{address}' is none")
    return found


def networks(raw: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Take addresses and networks (CIDR) separated by commas."""
    try:
        return tuple(ip_network(part.strip()) for part in raw.split(",") if part.strip())
    except ValueError as problem:
        raise ValueError(f"must be addresses or networks like 10.0.0.0/8, separated by commas: {problem}") from None
