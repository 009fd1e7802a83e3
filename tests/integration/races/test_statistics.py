"""Figures stay what was done while many settle, fold and delete, and while folds are cut off."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial

import attrs
import psycopg
from tests.builders import OOPS, a_birth, an_order
from tests.contract.world import World, decided
from tests.integration.races.conftest import Arena, gather

from equeue.application.ports.dead_letters import GroupFilter
from equeue.domain.errors import Unavailable
from equeue.domain.outcomes import Discarded, Failed, Outcome, Succeeded
from equeue.domain.statistics import Figures, Span, total

QUEUES = ("a", "b")
WORKERS, JOBS, SET = 3, 300, 20
ENDINGS: tuple[Outcome, ...] = (Succeeded(), Failed(OOPS, retry_after=timedelta(0)), Discarded(OOPS))

KILL = b"""
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and query like '%from equeue.stats_changes as c%' and pid <> pg_backend_pid()
  and state = 'active'
"""


@attrs.define
class Crowd:
    """Workers who count for themselves what they do, and folds that somebody cuts off."""

    world: World
    url: str
    left: int = JOBS
    done: Counter[str] = attrs.field(factory=Counter)

    async def enqueue(self) -> None:
        """Store all jobs, a set at a time."""
        for _ in range(0, JOBS, SET):
            await self.world.enqueue(*(a_birth(queue=QUEUES[n % 2], max_retries=1) for n in range(SET)))

    async def work(self, number: int) -> None:
        """Claim, end and now and then delete jobs until all have ended."""
        leases = self.world.another_leases()
        while self.left > 0:
            claims = await leases.claim(an_order(*QUEUES, limit=SET))
            endings = [ENDINGS[(number + place) % len(ENDINGS)] for place in range(len(claims))]
            told = await leases.settle([decided(*pair) for pair in zip(claims, endings, strict=True)])
            statuses = [settled.status for settled in told if settled.status is not None]
            self.done.update(status.value for status in statuses)
            self.done["failed"] += sum(not isinstance(ending, Succeeded) for ending in endings)
            self.left -= sum(status.ended for status in statuses)
            await self.world.manage.delete([one.fence.job_id for one in told if one.status and one.status.ended][:5])

    async def fold(self) -> None:
        """Fold a few changes at a time for as long as there is work."""
        while self.left > 0:
            try:
                self.done["folded"] += await self.world.statistics.fold(3)
            except Unavailable:
                self.done["cut off"] += 1

    async def kill(self) -> None:
        """Terminate the server's processes that fold."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            while self.left > 0:
                await connection.execute(KILL)


async def figures(world: World) -> Figures:
    """Return what happened in all."""
    span = Span.until(await world.now(), timedelta(hours=1))
    return total(span.filled(await world.statistics.figures(GroupFilter(), span)))


async def test_figures_agree_whoever_dies(arena: Arena) -> None:
    """What workers counted for themselves is what the figures say, before the last fold and after it."""
    crowd = Crowd(arena.world, arena.url)
    workers = [partial(crowd.work, number) for number in range(WORKERS)]
    await gather([crowd.enqueue, crowd.fold, crowd.fold, crowd.kill, *workers])
    assert crowd.done["folded"]
    assert crowd.done["cut off"]
    for _ in range(2):
        told = await figures(arena.world)
        assert (told.enqueued, told.succeeded, told.dead) == (JOBS, crowd.done["succeeded"], crowd.done["dead"])
        assert (told.failed, told.retried) == (crowd.done["failed"], crowd.done["queued"])
        assert told.runs.total == told.waits.total == told.succeeded + told.failed
        while await arena.world.statistics.fold(1_000):
            pass


async def test_an_open_transaction_holds_up_nobody(arena: Arena) -> None:
    """While one producer has not committed, others enqueue, settle and fold; its jobs count once it commits."""
    async with await psycopg.AsyncConnection.connect(arena.url) as slow:
        await slow.execute("insert into equeue.jobs (task, queue) values ('t', 'a')")
        async with asyncio.timeout(20):
            await arena.world.ended(await arena.world.claimed(a_birth(queue="a", task="t")), Succeeded())
            assert await arena.world.statistics.fold(100) == 2
            assert (await figures(arena.world)).enqueued == 1
        await slow.commit()
    assert (await figures(arena.world)).enqueued == 2
    assert await arena.world.statistics.fold(100) == 1
