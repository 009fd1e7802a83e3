"""Whose address a request comes from; proxies are believed only if the installation names them."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""A peer without an address: a socket in the file system."""

HOPS = 20
"""So many proxies are looked past at most."""

_ONE_HOUSE = 64
"""An IPv6 network of so many bits is one customer's."""


def client_address(scope: Any, trusted: Sequence[Network]) -> str:
    """Return the nearest address that is no trusted proxy's; an IPv6 one as its /64, which one person owns.

    `X-Forwarded-For` is read from its end, for only what trusted proxies have appended is true. Anybody else's word on
    where a request comes from counts for nothing, or a new address could be made up for each guess at a password.
    """
    nearest = _address((scope.get("client") or ("", 0))[0])
    if nearest is None:
        return UNKNOWN
    for told in _forwarded(scope):
        if not any(nearest in network for network in trusted if network.version == nearest.version):
            break
        further = _address(told)
        if further is None:
            break
        nearest = further
    return _household(nearest)


def _forwarded(scope: Any) -> Iterator[str]:
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = ",".join(lines).rsplit(",", HOPS) if lines else []
    return reversed([hop.strip() for hop in hops[-HOPS:]])


def _address(text: str) -> Address | None:
    bare = text.partition(":")[0] if text.count(":") == 1 else text.removeprefix("[").partition("]")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _household(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), _ONE_HOUSE), strict=False))
