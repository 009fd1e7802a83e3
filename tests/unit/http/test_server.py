"""Binding, before anything else is started."""

import socket

import pytest

from equeue.entrypoints.http.server import Address, PortInUse, bind


def test_port_in_use_is_said_with_a_remedy() -> None:
    """The error names the address, and what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=f"127.0.0.1:{port} is in use.*EQUEUE_PORT"):
            bind(Address(port=port))


def test_port_can_be_taken_again_at_once() -> None:
    """A restart does not wait for old connections to be forgotten."""
    first = bind(Address(port=0))
    first.setblocking(True)
    port = first.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)):
        first.accept()[0].close()
    first.close()
    bind(Address(port=port)).close()


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python knows no IPv6")
def test_ipv6_is_taken() -> None:
    """An address with colons is an IPv6 address."""
    try:
        listener = bind(Address("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    assert listener.family == socket.AF_INET6
    listener.close()
