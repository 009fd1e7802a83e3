"""Eight claimers race for the places of one queue: never is one taken that is not there, and none stays empty."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import psycopg
import pytest
from tests.builders import a_birth, an_order, seconds
from tests.contract.limiting import limit
from tests.contract.world import decided
from tests.integration.races.conftest import ROUNDS, Arena, gather

from equeue.application.ports.jobs import JobLeases, SettleAnswer
from equeue.domain.lease import Claim
from equeue.domain.limits import Rate
from equeue.domain.outcomes import Lapsed, Succeeded

pytestmark = pytest.mark.timeout(600)

CLAIMERS, MOST, JOBS = 8, 5, 200
RUNNING = """
select coalesce(sum(jobs), 0), coalesce(max(jobs) filter (where concurrency_key is not null), 0)
from (select concurrency_key, count(*) as jobs from equeue.jobs where status = 'running' group by 1) as running
"""


async def test_never_six_of_five_at_once(arena: Arena) -> None:
    """All claim at the same moment; together they get five, each time anew."""
    claimers = [arena.world.another_leases() for _ in range(CLAIMERS)]
    await limit(arena.world, running=MOST)
    await arena.world.enqueue(*(a_birth(max_retries=0) for _ in range(MOST)))
    for number in range(0, ROUNDS, 4):
        await arena.world.enqueue(*(a_birth(max_retries=0) for _ in range(MOST)))
        answers = await arena.race(number, *(asking(leases) for leases in claimers))
        claims = [claim for claims in answers for claim in claims]
        assert len(claims) == MOST
        await settled(arena.world.leases, claims)


async def test_one_of_each_key_at_once(arena: Arena) -> None:
    """The same of keys: of each one, and of all keys one."""
    claimers = [arena.world.another_leases() for _ in range(CLAIMERS)]
    await limit(arena.world, per_key=1)
    for number in range(0, ROUNDS, 4):
        await arena.world.enqueue(*(a_birth(concurrency_key=key) for key in "aaaaaabbbbbbcccccc"))
        answers = await arena.race(number, *(asking(leases) for leases in claimers))
        claims = [claim for claims in answers for claim in claims]
        keys = [(await arena.world.job(claim.job_id)).concurrency_key for claim in claims]
        assert sorted(map(str, keys)) == ["a", "b", "c"]
        await settled(arena.world.leases, claims)


async def test_one_rate_for_all(arena: Arena) -> None:
    """Tokens are spent once, whoever takes them."""
    claimers = [arena.world.another_leases() for _ in range(CLAIMERS)]
    await arena.world.enqueue(*(a_birth() for _ in range(100)))
    for number in range(20):
        queue = f"rated{number}"
        await limit(arena.world, queue, rate=Rate(4, seconds(86_400)))
        await arena.world.enqueue(*(a_birth(queue=queue) for _ in range(20)))
        answers = await arena.race(number, *(asking(leases, queue) for leases in claimers))
        assert sum(map(len, answers)) == 4


async def test_the_limit_holds_at_every_moment(arena: Arena) -> None:
    """Claims, endings and lapses go on all the time; whoever counts what runs, whenever, counts five at most."""
    await limit(arena.world, running=MOST, per_key=2)
    births = [a_birth(concurrency_key=None if n % 4 == 0 else f"k{n % 4}", max_retries=9) for n in range(JOBS)]
    await arena.world.enqueue(*births)
    claimers = [arena.world.another_leases() for _ in range(CLAIMERS)]
    over = asyncio.Event()
    counts: list[tuple[int, int]] = []

    async def watch() -> None:
        async with await psycopg.AsyncConnection.connect(arena.url, autocommit=True) as watcher:
            while not over.is_set():
                row = await (await watcher.execute(RUNNING)).fetchone()
                assert row is not None
                counts.append((int(row[0]), int(row[1])))

    async def work() -> None:
        ended = await gather([partial(emptied, leases) for leases in claimers])
        over.set()
        assert sum(ended) == JOBS

    await gather([watch, work])
    assert 0 < max(whole for whole, _ in counts) <= MOST
    assert max(of_a_key for _, of_a_key in counts) <= 2


async def emptied(leases: JobLeases) -> int:
    """Claim and settle until nothing waits and nothing runs; return how many jobs ended here."""
    ended, misses = 0, 0
    while misses < 50:
        claims = await leases.claim(an_order(limit=3))
        misses = 0 if claims else misses + 1
        ended += len(claims)
        await settled(leases, claims)
        if not claims:
            await leases.lapse(10, lambda lapsed: [decided(each, Lapsed()) for each in lapsed])
    return ended


async def settled(leases: JobLeases, claims: Sequence[Claim]) -> None:
    """Write that jobs succeeded."""
    answers = await leases.settle([decided(claim, Succeeded()) for claim in claims])
    assert all(answer.answer is SettleAnswer.APPLIED for answer in answers)


def asking(leases: JobLeases, *queues: str) -> Any:
    """Return what claims up to three jobs."""

    async def claim() -> Sequence[Claim]:
        return await leases.claim(an_order(*queues, limit=3))

    return claim
