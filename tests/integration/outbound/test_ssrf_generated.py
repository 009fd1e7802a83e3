"""Every address of every special range, in every spelling that can be generated, is refused."""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from datetime import timedelta

import httpcore2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.outbound.stage import Elsewhere
from tests.unit.outbound.test_networks import EMBEDDINGS, special_v4, special_v6

from equeue.adapters.http.client import GuardedHttp
from equeue.adapters.http.guard import Guard, GuardedBackend
from equeue.adapters.http.metering import Meter
from equeue.application.ports.outbound import OutboundRefused, OutboundRequest

bases = st.sampled_from(["{}", "0x{:x}", "0X{:X}", "0{:o}", "000{:o}", "0x000{:x}"])


async def numeric(host: str, port: int) -> Sequence[str]:
    """Read a number as the system does; ask no name server."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(sockaddr[0]) for *_, sockaddr in found]


@st.composite
def spelled_v4(draw: st.DrawFn) -> str:
    """Write a special IPv4 address in one to four numbers, each in any base, perhaps with full-width digits."""
    octets = ipaddress.IPv4Address(draw(special_v4)).packed
    whole = draw(st.integers(0, 3))
    numbers = [*octets[:whole], int.from_bytes(octets[whole:])]
    text = ".".join(draw(bases).format(number) for number in numbers)
    if draw(st.booleans()):
        text = text.translate(
            {ord(digit): ord(digit) + 0xFEE0 for digit in draw(st.sets(st.sampled_from("0123456789")))}
        )
    dot = draw(st.sampled_from([".", ".", "。", "．", "｡"]))
    return text.replace(".", dot) + draw(st.sampled_from(["", "", "."]))


@st.composite
def spelled_v6(draw: st.DrawFn) -> str:
    """Write a special IPv6 address, or a special IPv4 address in an IPv6 one, in full, short or dotted."""
    if draw(st.booleans()):
        address = ipaddress.IPv6Address(draw(special_v6))
    else:
        form = EMBEDDINGS[draw(st.sampled_from(sorted(EMBEDDINGS)))]
        carried = int(ipaddress.IPv4Address(draw(special_v4)))
        address = ipaddress.IPv6Address(form(carried, draw(st.integers(0, 2**128 - 1))))
    dotted = f"{address.exploded[:30]}{ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)}"
    text = draw(st.sampled_from([address.compressed, address.exploded, dotted]))
    return draw(st.sampled_from([str.lower, str.upper]))(text)


def send(url: str) -> Elsewhere:
    """Send a request over a network that notes whom it was to connect to, and return the network."""
    network = Elsewhere()
    outbound = GuardedHttp(resolve=numeric, network=network)
    request = OutboundRequest(method="GET", url=url, deadline=timedelta(seconds=5))
    with pytest.raises(OutboundRefused):
        asyncio.run(outbound.send(request))
    return network


def connect(host: str) -> Elsewhere:
    """Connect to a host past all checks of URLs, and return the network."""
    network = Elsewhere()
    backend = GuardedBackend(Guard(frozenset(), frozenset({80}), numeric), Meter(0), network)
    with pytest.raises((OutboundRefused, httpcore2.ConnectError)):
        asyncio.run(backend.connect_tcp(host, 80))
    return network


@settings(max_examples=200, deadline=None)
@given(spelled_v4())
def test_no_spelling_of_a_special_ipv4_address_is_called(host: str) -> None:
    """Decimal, octal, hexadecimal, short, full-width: neither a URL nor the socket layer is fooled."""
    assert send(f"http://{host}/").asked == []
    assert connect(host).asked == []


@settings(max_examples=200, deadline=None)
@given(spelled_v6())
def test_no_spelling_of_a_special_ipv6_address_is_called(host: str) -> None:
    """Short, long, dotted, wrapped: neither a URL nor the socket layer is fooled."""
    assert send(f"http://[{host}]/").asked == []
    assert connect(host).asked == []
