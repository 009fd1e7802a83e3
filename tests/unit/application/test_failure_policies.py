"""Policies are read now and then, never per job, and hold while the database is away."""

import pytest
from tests.builders import a_claim, seconds
from tests.contract.memory_world import memory_world_on

from equeue.adapters.memory.platform import MovableClock
from equeue.adapters.system import UuidV7Ids
from equeue.application.failure_policies import FRESH_S, FailurePolicies, Policies, Source
from equeue.application.ports.unit_of_work import UnitOfWork
from equeue.domain.errors import Unavailable
from equeue.domain.limits import QueueLimits
from equeue.domain.on_dead import OnDead
from equeue.domain.outcomes import Failed, JobError
from equeue.domain.queue import QueueSettings


class Reading:
    """A database that counts how often it is asked, and may be away."""

    def __init__(self) -> None:
        self.clock = MovableClock()
        self.world = memory_world_on(self.clock)
        self.asked = 0
        self.away = False
        self.policies = FailurePolicies(Source(self.unit, self.clock, UuidV7Ids()))

    def unit(self) -> UnitOfWork:
        """Open a unit of work, if the database is there."""
        self.asked += 1
        if self.away:
            raise Unavailable("away")
        return self.world.units_of_work()

    async def put(self, retries: int) -> None:
        """Set the queue."""
        async with self.world.units_of_work() as unit:
            await unit.queues.put("default", QueueSettings(retries))
            await unit.commit()

    async def retries(self) -> int | None:
        """Return what counts now."""
        return (await self.policies.renew()).of_queue("default").max_retries


async def test_what_was_read_counts_for_a_while() -> None:
    """One read in ten seconds, however many ask; a change made here is known at once."""
    reading = Reading()
    await reading.put(1)
    assert [await reading.retries() for _ in range(100)] == [1] * 100
    await reading.put(2)
    assert (await reading.retries(), reading.asked) == (1, 1)
    reading.clock.move(seconds(FRESH_S))
    assert (await reading.retries(), reading.asked) == (2, 2)
    await reading.put(3)
    reading.policies.forget()
    assert (await reading.retries(), reading.asked) == (3, 3)


async def test_what_was_read_holds_while_the_database_is_away() -> None:
    """Nothing is decided before anything was ever read."""
    reading = Reading()
    reading.away = True
    with pytest.raises(Unavailable):
        await reading.policies.renew()
    reading.away = False
    await reading.put(1)
    assert await reading.retries() == 1
    reading.away = True
    reading.clock.move(seconds(60))
    assert await reading.retries() == 1


async def test_limited_queues_are_known_as_far_as_may_be() -> None:
    """They ride on what is read anyway; who tells of jobs hears nothing of a database that is away."""
    reading = Reading()
    reading.away = True
    assert await reading.policies.limited() == frozenset()
    reading.away = False
    async with reading.world.units_of_work() as unit:
        await unit.queues.put("counted", QueueSettings(limits=QueueLimits(max_running=1)))
        await unit.queues.put("deep", QueueSettings(limits=QueueLimits(max_depth=1, oldest_share=0.5)))
        await unit.commit()
    assert await reading.policies.limited() == {"counted"}
    asked = reading.asked
    await reading.policies.renew()
    reading.away = True
    reading.clock.move(seconds(60))
    assert await reading.policies.limited() == {"counted"}
    assert asked == 2


@pytest.mark.parametrize("trouble", [RuntimeError("no right to look"), TimeoutError()])
async def test_whoever_tells_of_jobs_hears_of_no_trouble(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are committed: whatever keeps the limits from being read must not look as if that had failed."""
    policies = Reading().policies

    async def renew(_: FailurePolicies) -> Policies:
        raise trouble

    monkeypatch.setattr(FailurePolicies, "renew", renew)
    assert await policies.limited() == frozenset()


async def test_pinned_policies_ask_nobody() -> None:
    """They decide on another loop, deaths included, by what was read last."""
    reading = Reading()
    async with reading.world.units_of_work() as unit:
        await unit.queues.put("default", QueueSettings(on_dead=OnDead("ops.page")))
        await unit.commit()
    await reading.policies.renew()
    pinned = reading.policies.pinned()
    reading.away = True
    decision = pinned.decide(a_claim(max_retries=0), Failed(JobError("E", "no")), jitter=0.0)
    assert [birth.spec.task for birth in decision.children] == ["ops.page"]
