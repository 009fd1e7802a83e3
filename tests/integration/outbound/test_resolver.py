"""Looking names up: what the system says, and nothing held up by it."""

import asyncio

import pytest

from equeue.adapters.http.resolver import SystemResolver


async def test_numbers_are_read_as_the_system_reads_them() -> None:
    """What the C library takes for an address is what the guard gets to judge."""
    resolve = SystemResolver()
    assert [await resolve(host, 80) for host in ("127.0.0.1", "0x7f.1", "::1")] == [["127.0.0.1"]] * 2 + [["::1"]]


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "\ud800", "a" * 70_000])
async def test_what_cannot_be_a_name_has_no_address(host: str) -> None:
    """A name that cannot even be asked for is answered like one that is unknown."""
    with pytest.raises(OSError, match=r"."):
        await SystemResolver()(host, 80)


async def test_room_is_given_back_after_each_look_up() -> None:
    """A look-up that failed, or that nobody waits for any more, makes room for the next."""
    resolve = SystemResolver(lookups=1)
    with pytest.raises(OSError, match=r"."):
        await resolve("a..b", 80)
    abandoned = asyncio.ensure_future(resolve("127.0.0.1", 80))
    await asyncio.sleep(0)
    abandoned.cancel()
    assert await resolve("127.0.0.2", 80) == ["127.0.0.2"]
    assert abandoned.cancelled()
