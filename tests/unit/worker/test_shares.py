"""Queues by weight: each gets its share, none starves, and within a queue priorities hold."""

from collections import Counter
from collections.abc import Collection, Sequence

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.builders import a_claim, an_order
from uuid_utils.compat import uuid7

from equeue.application.shares import ClaimsByShare, Shares
from equeue.domain.errors import Unavailable
from equeue.domain.ids import JobId
from equeue.domain.lease import Claim, ClaimOrder

PLENTY = 1_000_000
ROUNDING = 1e-9


@attrs.define
class Store:
    """Queues with so many jobs; a claim takes them in the order of the queues asked for."""

    jobs: dict[str, int]
    asked: list[tuple[str, ...]] = attrs.Factory(list)
    away_after: int | None = None

    async def claim(self, order: ClaimOrder, only: Collection[JobId] | None = None) -> Sequence[Claim]:
        del only
        if self.away_after is not None and len(self.asked) >= self.away_after:
            raise Unavailable("away")
        self.asked.append(order.queues)
        claims: list[Claim] = []
        for queue in order.queues:
            taken = min(self.jobs.get(queue, 0), order.limit - len(claims))
            self.jobs[queue] = self.jobs.get(queue, 0) - taken
            claims += [a_claim(queue=queue)] * taken
        return claims


def shared(store: Store, **weights: int) -> ClaimsByShare:
    """Return claims by share over `store`."""
    return ClaimsByShare(store, Shares(weights))


@given(
    weights=st.dictionaries(st.sampled_from("abcde"), st.integers(1, 20), min_size=1),
    limits=st.lists(st.integers(1, 30), min_size=1, max_size=40),
)
@example(weights={"a": 3, "b": 3}, limits=[2, 2, 29])
async def test_each_queue_with_work_gets_its_share(weights: dict[str, int], limits: list[int]) -> None:
    """To within one claim each: whatever the weights and however large the claims are."""
    claims, got = shared(Store(dict.fromkeys(weights, PLENTY)), **weights), Counter[str]()
    for limit in limits:
        got.update(claim.queue for claim in await claims.claim(an_order(*weights, limit=limit)))
    meters = [got[queue] / weight for queue, weight in weights.items()]
    assert max(meters) - min(meters) <= max(limits) / min(weights.values()) + ROUNDING
    assert got.total() == sum(limits)


async def test_named_ids_do_not_choose_the_queue() -> None:
    """Whoever hands them out knows nothing of weights: whose turn it is decides the meter."""
    claims, got = shared(Store({"light": PLENTY, "heavy": PLENTY}), light=1, heavy=3), Counter[str]()
    for _ in range(40):
        got.update(claim.queue for claim in await claims.claim(an_order("light", "heavy", limit=1), [uuid7()]))
    assert got == {"light": 10, "heavy": 30}


async def test_a_light_queue_is_served_beside_heavy_ones() -> None:
    """One of a hundred is not none."""
    claims = shared(Store({"light": PLENTY, "heavy": PLENTY}), light=1, heavy=99)
    got = Counter[str]()
    for _ in range(1_000):
        got.update(claim.queue for claim in await claims.claim(an_order("light", "heavy", limit=1)))
    assert got == {"light": 10, "heavy": 990}


async def test_an_empty_queues_share_goes_to_the_others() -> None:
    """No slot stays empty while any queue has work."""
    claims = shared(Store({"b": 3, "c": PLENTY}), a=5, b=1, c=1)
    for _ in range(5):
        assert len(await claims.claim(an_order("a", "b", "c", limit=10))) == 10


async def test_rest_earns_no_credit() -> None:
    """A queue that was empty for long does not take everything once it has work."""
    store = Store({"busy": PLENTY})
    claims = shared(store, busy=1, idle=1)
    for _ in range(100):
        await claims.claim(an_order("busy", "idle", limit=10))
    store.jobs["idle"] = PLENTY
    got = Counter[str]()
    for _ in range(20):
        got.update(claim.queue for claim in await claims.claim(an_order("busy", "idle", limit=10)))
    assert abs(got["idle"] - got["busy"]) <= 20


async def test_what_was_claimed_is_not_lost_when_the_rest_cannot_be_asked_for() -> None:
    """The database went away between the two questions."""
    claims = shared(Store({"a": 1, "b": 9}, away_after=1), a=1, b=1)
    assert len(await claims.claim(an_order("a", "b", limit=5))) == 1
    with pytest.raises(Unavailable):
        await claims.claim(an_order("a", "b", limit=5))
