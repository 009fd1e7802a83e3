"""Many due jobs of one key that has no room, in front: what others pay for it. `EQUEUE_FRONT_JOBS` says how many."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import attrs
import psycopg
import pytest
from tests.builders import an_order

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.domain.lease import Claim

pytestmark = pytest.mark.timeout(1_800)

PREPARED = 8
"""So many claims, and all that they ask is prepared and planned: planning looks at pages too."""

FRONT = int(os.environ.get("EQUEUE_FRONT_JOBS", "50000"))
SEED = """
insert into equeue.queues (name, max_running, max_running_per_key)
  select name, 50, 1 from unnest(array['keyed', 'empty']) as name;
insert into equeue.jobs (task, queue, concurrency_key, run_at)
  select 'test.task', 'keyed', 'front', now() - interval '1 hour' from generate_series(1, {front});
insert into equeue.jobs (task, queue, concurrency_key, status, worker_id, lease_token, attempt, lease_expires_at)
  values ('test.task', 'keyed', 'front', 'running', gen_random_uuid(), 1, 1, now() + interval '1 hour');
"""
OTHERS = "insert into equeue.jobs (task, queue, concurrency_key) select 'test.task', %s, unnest(%s::text[])"
ENDED = """
update equeue.jobs set status = 'succeeded', lease_expires_at = null, finished_at = now()
where (status = 'running') is true and concurrency_key <> 'front'
"""
LOOKED_AT = """
select sum(coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0)
  + coalesce(idx_blks_read, 0))::bigint
from pg_statio_user_tables where schemaname = 'equeue'
"""


@attrs.frozen
class Desk:
    """A claimer, and what the database counts of it."""

    lane: Lane
    leases: PostgresJobLeases
    watcher: psycopg.AsyncConnection[tuple[int]]

    async def claim(self, queue: str, limit: int) -> tuple[Sequence[Claim], int]:
        """Claim; return that, and how many pages of tables and indexes were looked at for it."""
        before = await self._looked_at()
        claims = await self.leases.claim(an_order(queue, limit=limit, lease=timedelta(hours=1)))
        return claims, await self._looked_at() - before

    async def _looked_at(self) -> int:
        async with self.lane.connection() as connection:
            await connection.execute("select pg_stat_force_next_flush()")
        row = await (await self.watcher.execute(LOOKED_AT)).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """Give a claimer on a database with a queue whose head is full of one key, and another that is empty."""
    engine = create_engine(database_url)
    lane = Lane(engine)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watcher:
        await watcher.execute("alter table equeue.jobs set (autovacuum_enabled = off)")
        await watcher.execute(SEED.format(front=FRONT).encode())
        await watcher.execute("vacuum (analyze) equeue.jobs")
        yield Desk(lane, PostgresJobLeases(lane), watcher)
    await lane.close()
    await engine.dispose()


@pytest.mark.parametrize("limit", [1, 5])
async def test_jobs_behind_a_saturated_key_start_at_once_and_cheaply(desk: Desk, limit: int) -> None:
    """A claim brings them; it looks at no more than twice the pages that it would without those."""
    nothing = 0
    for _ in range(PREPARED):
        _, nothing = await desk.claim("empty", limit)
    alone = await pages(desk, "empty", limit)
    behind = await pages(desk, "keyed", limit)
    print(  # noqa: T201
        f"{limit} behind {FRONT:,} jobs: {behind} pages, in an otherwise empty queue {alone}, for nothing {nothing}"
    )
    assert behind <= 2 * alone


async def pages(desk: Desk, queue: str, jobs: int) -> int:
    """Return how many pages a claim of so many jobs of a key each looks at."""
    looked_at = 0
    for _ in range(PREPARED):
        await desk.watcher.execute(OTHERS, (queue, [f"k{number}" for number in range(jobs)]))
        claims, looked_at = await desk.claim(queue, jobs)
        assert len(claims) == jobs
        await desk.watcher.execute(ENDED)
    return looked_at
