"""Claimable now, and explained as ready: the same, over random states of queues, limits and jobs."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.builders import OOPS, QUEUE, a_birth, an_order, minutes, seconds
from tests.contract.conftest import OpenWorld
from tests.contract.memory_world import memory_world
from tests.contract.world import World, decided

from equeue.domain.explanation import Explanation, explain_job, explain_queue
from equeue.domain.ids import JobId
from equeue.domain.lease import Claim
from equeue.domain.limits import QueueLimits, Rate
from equeue.domain.outcomes import Discarded, Failed, Outcome, Released, Succeeded
from equeue.domain.queue import Pause, QueueSettings
from equeue.domain.retry import Fixed

EXAMPLES_IN_MEMORY = 200
EXAMPLES = 25
KEPT_BY = {"paused", "not-due", "expired", "max-running", "max-running-per-key", "rate-limited", "running", "ended"}
"""What has to keep some job of some example in memory, or the examples are too tame."""
DAY = timedelta(days=1)
LATER = Fixed(base=600.0)
TRIES = 4
"""So many claims may go by until one comes upon the only job of a key among others whose jobs are not due."""


@attrs.frozen
class JobDrawn:
    """A job: when it is due and expires, by seconds from the beginning, and whether it runs by then."""

    priority: int
    due: int
    expires: int | None
    key: str | None
    runs: bool


@attrs.frozen
class QueueDrawn:
    """What is set for the queue, and for how many minutes it pauses from half an hour before; 0 is without end."""

    limits: QueueLimits
    pause: int | None


@attrs.frozen
class Step:
    """Something that happens: `number` says to which job, or how much."""

    kind: str
    number: int
    queue: QueueDrawn


instants = st.sampled_from([-7200, -60, 0, 60, 3600])
jobs = st.builds(
    JobDrawn,
    priority=st.sampled_from([0, 5, 5, 9]),
    due=instants,
    expires=st.none() | instants,
    key=st.sampled_from([None, "a", "a", "b"]),
    runs=st.booleans(),
)
rates = st.builds(Rate, limit=st.integers(1, 3), period=st.just(DAY), burst=st.none() | st.integers(1, 3))
few = st.none() | st.integers(1, 3)
limits = st.builds(
    QueueLimits, max_running=few, max_running_per_key=few, rate=st.none() | rates, oldest_share=st.none() | st.just(0.5)
)
queues = st.builds(QueueDrawn, limits=limits, pause=st.none() | st.none() | st.sampled_from([0, 10, 30, 31, 60]))
KINDS = ("ask", "ask", "ask", "ask the queue", "end", "pass", "set", "spend")
steps = st.lists(st.builds(Step, kind=st.sampled_from(KINDS), number=st.integers(0, 11), queue=queues), max_size=14)


@attrs.define
class Play:
    """One example under way: all jobs, and the claims in hand."""

    world: World
    jobs: list[JobId] = attrs.field(factory=list)
    claims: list[Claim] = attrs.field(factory=list)
    told: list[Explanation] = attrs.field(factory=list)

    async def begin(self, drawn: Sequence[JobDrawn]) -> None:
        """Store the jobs, and start those that run."""
        now = await self.world.now()
        for one in drawn:
            expires = None if one.expires is None or one.runs else now + seconds(one.expires)
            due = min(one.due, 0) if one.runs else one.due
            birth = a_birth(
                priority=one.priority, run_at=now + seconds(due), expires_at=expires, concurrency_key=one.key
            )
            await self.world.enqueue(birth)
            self.jobs.append(birth.job_id)
            if one.runs:
                await self.claim([birth.job_id])

    async def claim(self, only: Sequence[JobId] | None = None) -> int:
        """Claim one job for real; return how many came."""
        claims = await self.world.leases.claim(an_order(limit=1), only)
        self.claims += claims
        return len(claims)

    async def set(self, drawn: QueueDrawn) -> None:
        """Set limits and pause."""
        async with self.world.units_of_work() as unit:
            pause = None
            if drawn.pause is not None:
                at = await unit.now() - minutes(30)
                pause = Pause(at, until=at + minutes(drawn.pause) if drawn.pause else None)
            await unit.queues.put(QUEUE, QueueSettings(limits=drawn.limits), pause)
            await unit.commit()

    async def take(self, step: Step) -> None:
        """Do one step; where something is asked, compare what was said with what a claim brings."""
        match step.kind:
            case "ask":
                await self.ask(self.jobs[step.number % len(self.jobs)])
            case "ask the queue":
                await self.ask_queue()
            case "end" if self.claims:
                outcome: Outcome = (Succeeded(), Failed(OOPS), Discarded(OOPS), Released())[step.number % 4]
                claim = self.claims.pop(step.number % len(self.claims))
                await self.world.leases.settle([decided(claim, outcome, backoff=LATER)])
            case "pass":
                await self.world.let_pass(minutes([1, 10, 30, 60, 8 * 60][step.number % 5]))
            case "set":
                await self.set(step.queue)
            case "spend":
                await self.claim()
            case _:
                pass

    async def ask(self, job_id: JobId) -> None:
        """Compare for one job."""
        situation = await self.world.situations.of_job(job_id)
        assert situation is not None
        explained = explain_job(situation)
        claimed = await self.claim([job_id]) == 1
        assert explained.ready is claimed, explained
        self.told.append(explained)

    async def ask_queue(self) -> None:
        """Compare for the whole queue."""
        situation = await self.world.situations.of_queue(QUEUE)
        explained = None if situation is None else explain_queue(situation)
        came = any([await self.claim() for _ in range(TRIES)])
        assert (explained is not None and explained.ready) == came, explained


@pytest.mark.timeout(300)
def test_ready_means_claimable_now(open_world: OpenWorld) -> None:
    """Whatever was set, started and ended before: who is told ready gets it, and who is told a reason does not."""
    examples = EXAMPLES_IN_MEMORY if open_world is memory_world else EXAMPLES
    told: list[Explanation] = []
    with asyncio.Runner() as runner:

        @settings(
            max_examples=examples,
            deadline=None,
            print_blob=True,
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn=st.lists(jobs, min_size=1, max_size=7), queue=queues, then=steps)
        def agree(drawn: list[JobDrawn], queue: QueueDrawn, then: list[Step]) -> None:
            told.extend(runner.run(played(open_world, drawn, queue, then)))

        agree()
    kept_by = {reason.code for explained in told for reason in explained.reasons if reason.blocks}
    assert any(explained.ready for explained in told)
    assert kept_by >= KEPT_BY or examples == EXAMPLES


async def played(
    open_world: OpenWorld, drawn: Sequence[JobDrawn], queue: QueueDrawn, then: Sequence[Step]
) -> list[Explanation]:
    """Play one example in a world of its own; return what was told of its jobs."""
    async with open_world() as world:
        play = Play(world)
        await play.begin(drawn)
        await play.set(queue)
        for step in then:
            await play.take(step)
        for job_id in play.jobs:
            await play.ask(job_id)
        await play.ask_queue()
    return play.told
