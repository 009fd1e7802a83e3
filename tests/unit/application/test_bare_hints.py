"""Queues with limits are told of too, only otherwise."""

from collections.abc import Collection

from tests.builders import seconds

from equeue.adapters.memory.queue import MemoryJobQueue
from equeue.application.bare_hints import BareHints
from equeue.application.ports.queue import Received
from equeue.testing.queue_contract import OTHER_JOB, queued


async def known() -> Collection[str]:
    """Return the queues that are taken to have limits."""
    return {"limited", "another"}


async def test_who_serves_a_limited_queue_is_told() -> None:
    """And who serves another, in one go; of a queue without news nobody hears."""
    hints = BareHints(MemoryJobQueue(), known)
    await hints.publish([queued("limited"), queued("limited", OTHER_JOB), queued("free")])
    assert await hints.depth("limited") == 1
    received = await hints.receive(["limited", "free", "another"], seconds(5))
    assert received == Received(queues=frozenset({"limited", "free"}))


async def test_a_queue_over_another_is_that_one() -> None:
    """In health, and at its end."""
    hints = BareHints(MemoryJobQueue(), known)
    assert (await hints.health()).ok
    await hints.ring((), ["free"])
    assert (await hints.receive(["free"], seconds(5))).queues == {"free"}
    await hints.close()
    assert not (await hints.health()).ok
