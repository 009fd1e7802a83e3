"""Which addresses are not the public internet, however they are written or wrapped.

`ipaddress.is_global` is not enough: on Python 3.11 it calls multicast, 6to4 and NAT64 of 127.0.0.1 global, and
100.64.0.0/10 neither private nor global. The list follows the IANA special-purpose address registries; it adds
what clouds serve their metadata on.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

_DENIED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "carrier-grade NAT"),
    ("127.0.0.0/8", "loopback"),
    ("168.63.129.16/32", "cloud metadata"),  # Azure's, though the address is a public one
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "protocol assignment"),
    ("192.0.2.0/24", "documentation"),
    ("192.31.196.0/24", "AS112"),
    ("192.52.193.0/24", "AMT"),
    ("192.88.99.0/24", "6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("192.175.48.0/24", "AS112"),
    ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"),
    ("203.0.113.0/24", "documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "IPv4-compatible"),
    ("::ffff:0:0:0/96", "IPv4-translated"),
    ("64:ff9b:1::/48", "local-use NAT64"),
    ("100::/64", "discard-only"),
    ("100:0:0:1::/64", "dummy"),
    ("2001::/23", "protocol assignment"),  # Teredo, ORCHID, benchmarking and others
    ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4"),
    ("2620:4f:8000::/48", "AS112"),
    ("3fff::/20", "documentation"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "unique local"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
)

DENIED: tuple[tuple[IPv4Network | IPv6Network, str], ...] = tuple((ip_network(text), word) for text, word in _DENIED)

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})
_LOW_32 = 0xFFFF_FFFF


def why_not_public(text: str) -> str | None:
    """Say in a word why the address `text` is not to be connected to; `None` if it is a public one.

    A mapped or NAT64 address is judged by the IPv4 address that it carries. Raises `ValueError` for what is no address.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return _denied(address)
    if address.scope_id is not None:
        return "scoped"
    carried = _carried(address)
    if carried is not None and (word := _denied(carried)) is not None:
        return word
    if address in _MAPPED or address in _NAT64:
        return None
    return _denied(address) or (None if address in _GLOBAL_UNICAST else "unassigned")


def _denied(address: Address) -> str | None:
    return next((word for network, word in DENIED if address in network), None)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which a host or a gateway takes packets for this IPv6 address, if there is one.

    6to4, Teredo, IPv4-compatible and -translated addresses and local NAT64 carry one too; none of them is denied
    for what it carries, because all of them are.
    """
    low = int(address) & _LOW_32
    isatap = (int(address) >> 32) & _LOW_32 in _ISATAP
    return IPv4Address(low) if isatap or address in _MAPPED or address in _NAT64 else None
