"""A migration while workers run: it gets through, and no job is lost, run twice or held up for good."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from tests.builders import a_birth, an_order
from tests.contract.postgres_world import postgres_world
from tests.contract.world import World, decided
from tests.integration.schema.migrators import NEXT, one_more

from equeue.adapters.postgres.migrate import migrate_up
from equeue.application.ports.jobs import JobLeases, SettleAnswer
from equeue.application.ports.reads import JobFilter
from equeue.domain.outcomes import Succeeded
from equeue.domain.status import JobStatus

WORKERS = 4
SET = 50
LEAST = 1_000
EXPAND = """
op.execute("set local lock_timeout = '1s'")
op.execute("alter table equeue.jobs add column synthetic integer")
op.execute("alter table equeue.jobs add constraint ck_jobs_synthetic check (synthetic > 0) not valid")
op.execute("alter table equeue.jobs validate constraint ck_jobs_synthetic")
with op.get_context().autocommit_block():
    op.execute("create index concurrently if not exists ix_synthetic on equeue.jobs (traceparent)")
"""


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """Give an empty world in PostgreSQL."""
    async with postgres_world(database_url) as opened:
        yield opened


async def test_workers_go_on_while_the_schema_grows(world: World, database_url: str, tmp_path: Path) -> None:
    """A column, a validated CHECK and a concurrent index come in while jobs are enqueued, claimed and settled."""
    revisions = one_more(tmp_path, EXPAND)
    migrated = asyncio.Event()
    ran: Counter[UUID] = Counter()

    async def migrate() -> tuple[str, ...]:
        try:
            return await asyncio.to_thread(migrate_up, database_url, revisions=revisions)
        finally:
            migrated.set()

    async with asyncio.TaskGroup() as group:
        producing = group.create_task(produce(world, migrated))
        migrating = group.create_task(migrate())
        for _ in range(WORKERS):
            group.create_task(work(world.another_leases(), producing, ran))
    assert migrating.result() == (NEXT,)
    assert set(ran) == producing.result()
    assert set(ran.values()) == {1}
    page = await world.reads.page(JobFilter(statuses=(JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DEAD)), limit=1)
    assert not page.items


async def produce(world: World, migrated: asyncio.Event) -> set[UUID]:
    """Enqueue sets of jobs until the migration is over and there were enough; return their ids."""
    made: set[UUID] = set()
    while not migrated.is_set() or len(made) < LEAST:
        jobs = await world.enqueue(*[a_birth() for _ in range(SET)])
        made.update(job.id for job in jobs)
    return made


async def work(leases: JobLeases, producing: "asyncio.Task[set[UUID]]", ran: Counter[UUID]) -> None:
    """Claim and settle until all that was enqueued is done; note each success."""
    while True:
        last = producing.done()
        claims = await leases.claim(an_order(limit=SET))
        told = await leases.settle([decided(claim, Succeeded()) for claim in claims])
        ran.update(answer.fence.job_id for answer in told if answer.answer is SettleAnswer.APPLIED)
        if last and not claims:
            return
