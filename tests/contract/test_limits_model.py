"""Claims under limits against plain counting: never more than may run, and never fewer than could."""

from collections import Counter
from random import Random

import attrs
import pytest
from tests.builders import a_birth, an_order
from tests.contract.limiting import limit
from tests.contract.world import World

from equeue.domain.ids import JobId
from equeue.domain.lease import Claim
from equeue.domain.outcomes import Succeeded

STEPS = 25


@attrs.define
class Count:
    """What a person would note on paper: which keys wait, which run, and how many of each may."""

    most: int | None
    per_key: int | None
    keys: dict[JobId, str | None] = attrs.field(factory=dict)
    waiting: set[JobId] = attrs.field(factory=set)
    running: dict[JobId, Claim] = attrs.field(factory=dict)

    def possible(self) -> int:
        """Return how many more jobs could start."""
        waits = Counter(self.keys[job_id] for job_id in self.waiting)
        runs = Counter(self.keys[job_id] for job_id in self.running)
        fits = 0
        for key, jobs in waits.items():
            bounded = key is not None and self.per_key is not None
            fits += min(jobs, max((self.per_key or 0) - runs[key], 0)) if bounded else jobs
        return fits if self.most is None else min(fits, max(self.most - len(self.running), 0))

    def start(self, claims: list[Claim]) -> None:
        """Note that jobs start."""
        for claim in claims:
            self.waiting.remove(claim.job_id)
            self.running[claim.job_id] = claim

    def kept(self) -> bool:
        """Tell whether both bounds are kept."""
        runs = Counter(self.keys[job_id] for job_id in self.running)
        whole = self.most is None or len(self.running) <= self.most
        return whole and all(self.per_key is None or key is None or jobs <= self.per_key for key, jobs in runs.items())


@pytest.mark.parametrize("seed", range(12))
async def test_every_claim_takes_what_it_may_and_all_that_it_can(world: World, seed: int) -> None:
    """Whatever waits and runs, whoever asks and for how many."""
    chance = Random(seed)
    count = Count(chance.choice([None, 1, 3, 6]), chance.choice([None, 1, 1, 2]))
    await limit(world, running=count.most, per_key=count.per_key)
    claimers = [world.leases, world.another_leases()]
    for _ in range(STEPS):
        births = [
            a_birth(priority=chance.choice([1, 5, 5, 9]), concurrency_key=chance.choice([None, *"aaaabcdef"]))
            for _ in range(chance.choice([0, 0, 1, 8]))
        ]
        await world.enqueue(*births)
        count.keys.update((birth.job_id, birth.spec.concurrency_key) for birth in births)
        count.waiting.update(birth.job_id for birth in births)
        wanted = chance.choice([1, 2, 5, 20])
        expected = min(wanted, count.possible())
        claims = list(await chance.choice(claimers).claim(an_order(limit=wanted)))
        assert len(claims) == expected
        count.start(claims)
        assert count.kept()
        for job_id in chance.sample(sorted(count.running), k=min(chance.choice([0, 1, 3]), len(count.running))):
            await world.settle(count.running.pop(job_id), Succeeded())
