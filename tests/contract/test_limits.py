"""Limits of queues: how many jobs a claim may take, whatever it is asked and however it comes."""

import asyncio
from collections import Counter

import attrs
import pytest
from tests.builders import LEASE, OTHER_WORKER, QUEUE, a_birth, an_order, minutes, seconds
from tests.contract.limiting import again_in, limit
from tests.contract.world import World

from equeue.application.ports.jobs import Change
from equeue.domain.ids import JobId
from equeue.domain.lease import Claim
from equeue.domain.limits import SATURATED, SOONEST, Rate
from equeue.domain.outcomes import Snoozed, Succeeded

TEN_A_MINUTE = Rate(10, minutes(1), 2)


async def test_no_more_run_than_may(world: World) -> None:
    """Five of eight are claimed, no more by anybody, and as many more as have ended."""
    await limit(world, running=5)
    await world.enqueue(*(a_birth() for _ in range(8)))
    claims = await world.claim()
    assert len(claims) == 5
    assert not await world.claim(worker=OTHER_WORKER)
    for claim in claims[:2]:
        await world.settle(claim, Succeeded())
    assert len(await world.claim(worker=OTHER_WORKER)) == 2
    assert not await world.claim()


async def test_what_runs_when_the_limit_is_set_counts(world: World) -> None:
    """Jobs that were claimed before count like those claimed after."""
    await world.enqueue(*(a_birth() for _ in range(6)))
    assert len(await world.claim(limit=3)) == 3
    await limit(world, running=4)
    assert len(await world.claim()) == 1
    await limit(world, running=2)
    assert not await world.claim()


async def test_each_queue_has_its_own_limit(world: World) -> None:
    """A full queue takes no place from others, whatever the priority of its jobs, and order is kept among the rest."""
    await limit(world, "full", running=1)
    await limit(world, "tight", running=2)
    urgent = [a_birth(queue="full", priority=0) for _ in range(9)]
    tight = [a_birth(queue="tight", priority=3) for _ in range(9)]
    free = [a_birth(queue="free", priority=priority) for priority in (7, 2, 5)]
    await world.enqueue(*urgent, *tight, *free)
    claims = await world.leases.claim(an_order("full", "tight", "free", limit=6))
    assert [(claim.queue, claim.priority) for claim in claims] == [
        ("full", 0),
        ("free", 2),
        ("tight", 3),
        ("tight", 3),
        ("free", 5),
        ("free", 7),
    ]


async def test_keys_are_bounded_one_by_one(world: World) -> None:
    """Of each key so many; jobs without a key are not bounded by it; what ended makes room for its own key."""
    await limit(world, per_key=2)
    births = [a_birth(concurrency_key=key) for key in ("a", "a", "a", "b", "a", None, None, None, "b", "b", "c")]
    await world.enqueue(*births)
    claims = await world.claim()
    keys = Counter([(await world.job(claim.job_id)).concurrency_key for claim in claims])
    assert keys == {"a": 2, "b": 2, "c": 1, None: 3}
    assert not await world.claim()
    await world.settle(next(claim for claim in claims if claim.job_id == births[0].job_id), Succeeded())
    (again,) = await world.claim()
    assert again.job_id == births[2].job_id


async def test_keys_and_the_whole_are_bounded_together(world: World) -> None:
    """The queue's own limit holds over all of its keys."""
    await limit(world, running=3, per_key=2)
    await world.enqueue(*(a_birth(concurrency_key=key) for key in "aaabbbccc"))
    claims = await world.claim()
    keys = Counter([(await world.job(claim.job_id)).concurrency_key for claim in claims])
    assert len(claims) == 3
    assert max(keys.values()) == 2


async def test_keys_of_two_queues_are_two(world: World) -> None:
    """A key means something within its queue."""
    for queue in ("here", "there"):
        await limit(world, queue, per_key=1)
    await world.enqueue(*(a_birth(queue=queue, concurrency_key="a") for queue in ("here", "there", "here")))
    assert sorted(claim.queue for claim in await world.claim("here", "there")) == ["here", "there"]


async def test_a_saturated_key_in_front_blocks_nobody(world: World) -> None:
    """Hundreds of jobs of one key wait; those of other keys, of lower priority too, are claimed at once."""
    await limit(world, per_key=1)
    await world.enqueue(*(a_birth(concurrency_key="m", priority=1) for _ in range(300)))
    assert len(await world.claim()) == 1
    behind = [a_birth(concurrency_key=key, priority=priority) for key, priority in (("z", 1), ("a", 9), ("n", 5))]
    await world.enqueue(*behind)
    claims = await world.leases.claim(an_order(limit=3, worker=OTHER_WORKER))
    assert [claim.job_id for claim in claims] == [birth.job_id for birth in (behind[0], behind[2], behind[1])]
    assert not await world.claim()


async def test_jobs_without_a_key_are_found_behind_a_saturated_one(world: World) -> None:
    """It may take some claims, as many more as jobs of that key lie in front."""
    await limit(world, per_key=1)
    await world.enqueue(*(a_birth(concurrency_key="m") for _ in range(220)))
    await world.claim()
    (unkeyed,) = await world.enqueue(a_birth())
    found = [claim.job_id for _ in range(8) for claim in await world.claim()]
    assert found == [unkeyed.id]


async def test_many_keys_all_get_their_turn(world: World) -> None:
    """With more keys than places, each claim goes on where the last one ended, and nothing is left out."""
    await limit(world, per_key=1)
    births = [a_birth(concurrency_key=f"k{number % 40}") for number in range(80)]
    await world.enqueue(*births)
    seen = Counter[JobId]()
    for _ in range(60):
        claims = await world.leases.claim(an_order(limit=3))
        seen.update(claim.job_id for claim in claims)
        for claim in claims:
            await world.settle(claim, Succeeded())
    assert seen == Counter(birth.job_id for birth in births)


async def test_a_rate_lets_so_many_start_in_so_long(world: World) -> None:
    """Two at once, then one each six seconds, and never more than two after a rest; endings give nothing back."""
    await limit(world, rate=TEN_A_MINUTE)
    await world.enqueue(*(a_birth() for _ in range(9)))
    claims = await world.claim()
    assert len(claims) == 2
    for claim in claims:
        await world.settle(claim, Succeeded())
    assert not await world.claim()
    await world.let_pass(seconds(7))
    assert len(await world.claim()) == 1
    assert not await world.claim()
    await world.let_pass(minutes(5))
    assert len(await world.claim()) == 2


async def test_a_rate_counts_every_start(world: World) -> None:
    """A job that comes back starts anew."""
    await limit(world, rate=TEN_A_MINUTE)
    claim = await world.claimed(a_birth())
    await world.settle(claim, Snoozed(seconds(0)))
    again = await world.reclaimed(claim.job_id)
    await world.settle(again, Snoozed(seconds(0)))
    assert not await world.claim()


async def test_a_rate_is_spent_where_all_fit(world: World) -> None:
    """Claims that are far from the rate's end bring it nearer."""
    await limit(world, rate=Rate(10, minutes(999)))
    await world.enqueue(*(a_birth() for _ in range(12)))
    assert [len(await world.leases.claim(an_order(limit=4))) for _ in range(4)] == [4, 4, 2, 0]


async def test_ids_widen_no_limit(world: World) -> None:
    """A claim of named jobs takes as many as one of all; it takes none of what is full."""
    await limit(world, running=2, per_key=1)
    births = [a_birth(concurrency_key=key) for key in ("a", "a", "b", "c")]
    await world.enqueue(*births)
    ids = [birth.job_id for birth in births]
    claims = await world.leases.claim(an_order(), ids)
    assert [claim.job_id for claim in claims] == [ids[0], ids[2]]
    assert not await world.leases.claim(an_order(), ids)


async def test_queues_with_limits_are_not_prefetched_from(world: World) -> None:
    """Near them: what waits in a worker's hand would keep a place from others. Other queues are as ever."""
    await limit(world, "tight", running=5)
    await world.enqueue(a_birth(queue="tight"), a_birth(queue="free"))
    order = an_order("tight", "free", begun=False)
    await world.claim("tight", limit=1)
    await world.enqueue(a_birth(queue="tight"))
    assert [claim.queue for claim in await world.leases.claim(order)] == ["free"]


async def test_far_from_its_limits_a_queue_is_prefetched_from(world: World) -> None:
    """Half of what may still start but for a few: whoever has slots finds the rest. Of many queues by the tightest."""
    await limit(world, "wide", running=51)
    await limit(world, "keyed", per_key=31)
    await limit(world, "rated", rate=Rate(51, minutes(60)))
    births = [a_birth(queue=queue, concurrency_key="a") for queue in ("wide", "keyed", "rated") for _ in range(40)]
    await world.enqueue(*births)
    ahead = an_order("wide", limit=100, begun=False)
    await world.claim("wide", "keyed", "rated", limit=1)
    assert [len(await world.leases.claim(ahead)) for _ in range(2)] == [20, 10]
    every = attrs.evolve(ahead, queues=("rated", "keyed", "wide"))
    assert Counter(claim.queue for claim in await world.leases.claim(every)) == {"rated": 5}
    assert len(await world.leases.claim(an_order("keyed", limit=29))) == 29
    assert not await world.leases.claim(attrs.evolve(ahead, queues=("keyed",)))


async def test_what_was_prefetched_counts(world: World) -> None:
    """As much as what has begun."""
    await limit(world, running=15)
    await world.enqueue(*(a_birth() for _ in range(20)))
    await world.claim(limit=1)
    assert len(await world.leases.claim(an_order(limit=9, begun=False))) == 2
    assert len(await world.claim(worker=OTHER_WORKER, limit=20)) == 12
    assert not await world.claim()


async def test_a_claim_says_when_to_look_again(world: World) -> None:
    """Nothing where there is no limit or room; soon where others run; when the next may start where a rate is."""
    await limit(world, "tight", running=1)
    await limit(world, "slow", rate=Rate(1, minutes(1)))
    await world.enqueue(*(a_birth(queue=queue) for queue in ("tight", "tight", "slow", "slow", "free")))
    assert again_in(await world.claim("free")) is None
    assert again_in(await world.claim("tight", limit=1)) is None
    assert again_in(await world.claim("tight")) == SATURATED
    assert again_in(await world.claim("tight", "free")) == SATURATED
    await world.claim("slow", limit=1)
    waits = again_in(await world.claim("slow"))
    assert waits is not None
    assert seconds(50) < waits <= minutes(1)


async def test_a_lapse_gives_the_place_back(world: World) -> None:
    """A crashed worker's job holds its place until its lease is taken over, and then no more."""
    await limit(world, running=1)
    await world.enqueue(a_birth(), a_birth())
    (claim,) = await world.claim()
    await world.let_pass(LEASE * 2)
    assert not await world.claim(worker=OTHER_WORKER)
    await world.lapse()
    (again,) = await world.claim(worker=OTHER_WORKER)
    assert not await world.claim()
    assert again.fence.token == (3 if again.job_id == claim.job_id else 1)


async def test_limits_hold_whoever_claims_at_once(world: World) -> None:
    """Eight claimers at the same moment get five jobs between them, round after round."""
    await limit(world, running=5)
    await world.enqueue(*(a_birth() for _ in range(60)))
    workers = [world.another_leases() for _ in range(8)]
    for _ in range(6):
        answers = await asyncio.gather(*(worker.claim(an_order(limit=3)) for worker in workers))
        claims = [claim for answer in answers for claim in answer]
        assert len(claims) == 5
        for claim in claims:
            await world.settle(claim, Succeeded())


async def test_a_job_that_somebody_has_in_hand_takes_no_place(world: World) -> None:
    """Who is about to change the first job keeps it from being claimed, and nothing else."""
    await limit(world, running=1)
    changing, next_one = await world.enqueue(a_birth(priority=0), a_birth(priority=9))
    async with world.units_of_work() as unit:
        (before,) = await unit.jobs.load([changing.id])
        after, _ = before.cancel(await unit.now())
        assert not await unit.jobs.change([Change(before, after)])
        async with asyncio.timeout(10):
            assert [claim.job_id for claim in await world.claim()] == [next_one.id]
        await unit.commit()


async def test_a_limit_taken_away_bounds_nothing(world: World) -> None:
    """Also for one who knows the queue as limited."""
    await limit(world, running=1)
    await world.enqueue(*(a_birth() for _ in range(4)))
    assert len(await world.claim()) == 1
    await limit(world)
    assert len(await world.claim()) == 3
    assert not await world.claim()


async def test_a_share_of_each_claim_goes_to_the_oldest(world: World) -> None:
    """However much of higher priority comes in; and nothing about the job changes."""
    await limit(world, oldest=0.2)
    now = await world.now()
    old = [a_birth(priority=9, run_at=now - minutes(60 - age)) for age in range(3)]
    await world.enqueue(*old, *(a_birth(priority=0) for _ in range(40)))
    claims = await world.leases.claim(an_order(limit=10))
    assert [claim.job_id for claim in claims[-2:]] == [birth.job_id for birth in old[:2]]
    assert [claim.priority for claim in claims] == [0] * 8 + [9] * 2


async def test_claims_of_one_job_give_the_oldest_its_share_in_time(world: World) -> None:
    """A tenth of claims of one place each is every tenth claim."""
    await limit(world, oldest=0.1)
    now = await world.now()
    await world.enqueue(a_birth(priority=9, run_at=now - minutes(9)), *(a_birth(priority=0) for _ in range(30)))
    claims: list[Claim] = []
    for _ in range(10):
        claims += await world.leases.claim(an_order(limit=1))
    assert [claim.priority for claim in claims] == [0] * 9 + [9]


async def test_a_claim_by_ids_has_the_oldest_looked_for_at_once(world: World) -> None:
    """Who tells ids tells the most urgent first: a look that heeds the share follows."""
    job, _ = await world.enqueue(a_birth(), a_birth(queue="free"))
    await limit(world, oldest=0.5)
    assert again_in(await world.leases.claim(an_order(), [job.id])) == SOONEST
    assert again_in(await world.leases.claim(an_order())) is None


@pytest.mark.parametrize("cap", [2, 100])
async def test_depth_counts_what_waits_up_to_a_cap(world: World, cap: int) -> None:
    """What runs, has ended or waits elsewhere does not count; what is not due does."""
    await world.enqueue(a_birth(), a_birth(), a_birth(delay=minutes(1)), a_birth(queue="elsewhere"), a_birth())
    await world.claim(limit=1)
    async with world.units_of_work() as unit:
        assert await unit.jobs.depth(QUEUE, cap) == min(3, cap)
