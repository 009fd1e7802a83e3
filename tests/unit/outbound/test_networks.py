"""Which addresses count as public: the unlisted are, the listed are not, and no wrapping changes that."""

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from equeue.adapters.http.networks import why_not_public

# Written down from the IANA registries and the clouds' documentation, not taken from the code under test.
SPECIAL_V4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
]  # fmt: skip
SPECIAL_V6 = [
    "::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001::/32", "4000::/3", "8000::/1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
          "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e", "2400:cb00::1", "2001:200::1", "2620:fe::fe",
          "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]  # fmt: skip


def within(network: str) -> st.SearchStrategy[str]:
    """Any address of a network, its first and last among the likeliest."""
    net = ipaddress.ip_network(network)
    first, last = int(net[0]), int(net[-1])
    numbers = st.one_of(st.just(first), st.just(last), st.integers(first, last))
    kind = ipaddress.IPv4Address if net.version == 4 else ipaddress.IPv6Address
    return numbers.map(lambda number: str(kind(number)))


special_v4 = st.sampled_from(SPECIAL_V4).flatmap(within)
special_v6 = st.sampled_from(SPECIAL_V6).flatmap(within)

EMBEDDINGS: dict[str, Callable[[int, int], int]] = {
    "mapped": lambda v4, _: 0xFFFF << 32 | v4,
    "compatible": lambda v4, _: v4,
    "translated": lambda v4, _: 0xFFFF_0000 << 32 | v4,
    "6to4": lambda v4, rest: 0x2002 << 112 | v4 << 80 | rest & (2**80 - 1),
    "teredo client": lambda v4, rest: 0x2001_0000 << 96 | (rest & (2**64 - 1)) << 32 | v4 ^ 0xFFFF_FFFF,
    "teredo server": lambda v4, rest: 0x2001_0000 << 96 | v4 << 64 | rest & (2**64 - 1),
    "NAT64": lambda v4, _: 0x64_FF9B << 96 | v4,
    "local NAT64": lambda v4, rest: 0x64_FF9B_0001 << 80 | (rest & (2**48 - 1)) << 32 | v4,
    "ISATAP": lambda v4, rest: 0x2606_4700 << 96 | (rest & 0xFFFF_FFFF) << 64 | 0x5EFE << 32 | v4,
    "ISATAP, universal": lambda v4, rest: 0x2A00_1450 << 96 | (rest & 0xFFFF_FFFF) << 64 | 0x0200_5EFE << 32 | v4,
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """What lies outside every special range is public, up to the ranges' very edges."""
    assert why_not_public(address) is None


@settings(max_examples=200, deadline=None)
@given(special_v4)
@example("168.63.129.16")
@example("255.255.255.255")
def test_special_ipv4_may_not_be_called(address: str) -> None:
    """Every address of every special IPv4 range is refused with a word."""
    assert why_not_public(address)


@settings(max_examples=200, deadline=None)
@given(special_v6)
@example("fd00:ec2::254")
def test_special_ipv6_may_not_be_called(address: str) -> None:
    """Every address of every special IPv6 range is refused with a word."""
    assert why_not_public(address)


@settings(max_examples=300, deadline=None)
@given(special_v4, st.sampled_from(sorted(EMBEDDINGS)), st.integers(0, 2**128 - 1))
def test_no_wrapping_makes_a_special_address_public(address: str, form: str, rest: int) -> None:
    """An IPv6 address by which a special IPv4 address can be reached is as special."""
    wrapped = EMBEDDINGS[form](int(ipaddress.IPv4Address(address)), rest)
    assert why_not_public(str(ipaddress.IPv6Address(wrapped)))


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_never_laxer_than_the_standard_library(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """What Python knows not to be global is refused, mapped and NAT64 addresses being judged by what they carry."""
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    if not address.is_global and not mapped:
        assert why_not_public(str(address))


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700::1111%1", "::1%lo"])
def test_scoped_addresses_may_not_be_called(address: str) -> None:
    """An address that is only meant on one interface is never public."""
    assert why_not_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"])
def test_what_is_no_address_is_not_judged(text: str) -> None:
    """The judgement is about addresses alone; anything else is a mistake of the caller's."""
    with pytest.raises(ValueError, match=r"does not appear|IPv4 or IPv6"):
        why_not_public(text)
