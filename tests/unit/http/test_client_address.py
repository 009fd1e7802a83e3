"""Where a request comes from, and whose word on it counts."""

from ipaddress import ip_network
from typing import Any

import pytest

from equeue.entrypoints.http.client_address import UNKNOWN, client_address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def a_scope(peer: str | None, *forwarded: str) -> Any:
    """Return the scope of a request from `peer` with these headers."""
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {"client": None if peer is None else (peer, 1234), "headers": [(b"host", b"x"), *headers]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("10.1.1.1", (), "10.1.1.1"),
        ("10.1.1.1", ("198.51.100.1",), "198.51.100.1"),
        ("10.1.1.1", ("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        ("10.1.1.1", ("6.6.6.6, 198.51.100.1, 10.2.2.2",), "198.51.100.1"),
        ("10.1.1.1", ("6.6.6.6", "198.51.100.1,10.2.2.2"), "198.51.100.1"),
        ("10.1.1.1", ("10.3.3.3, 10.2.2.2",), "10.3.3.3"),
        ("10.1.1.1", ("198.51.100.1, nonsense",), "10.1.1.1"),
        ("10.1.1.1", ("nonsense, 10.2.2.2",), "10.2.2.2"),
        ("10.1.1.1", ("",), "10.1.1.1"),
        ("10.1.1.1", ("198.51.100.1:4711",), "198.51.100.1"),
        ("10.1.1.1", ("2001:db8:1:2:3::4",), "2001:db8:1:2::/64"),
        ("fd00::1", ("[2001:db8:1:2:3::4]:443",), "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", ("198.51.100.1",), "2001:db8:1:2::/64"),
        ("::ffff:10.1.1.1", ("::ffff:198.51.100.1",), "198.51.100.1"),
        (None, ("198.51.100.1",), UNKNOWN),
        ("/run/socket", (), UNKNOWN),
        ("10.1.1.1", ("6.6.6.6, " + "10.2.2.2, " * 500 + "10.2.2.2",), "10.2.2.2"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str | None, forwarded: tuple[str, ...], address: str) -> None:
    """The nearest address that is no trusted proxy's counts; what lies before it, anybody could have written."""
    assert client_address(a_scope(peer, *forwarded), PROXIES) == address


def test_without_trusted_proxies_nobody_is_believed() -> None:
    """The default."""
    assert client_address(a_scope("10.1.1.1", "198.51.100.1"), ()) == "10.1.1.1"
