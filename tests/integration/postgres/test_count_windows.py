"""Counts by what no index serves end with their window, tell at least what is there, and say so."""

from uuid import UUID

import pytest
from psycopg import Connection
from tests.contract.world import World

from equeue.adapters.postgres import count_within
from equeue.application.ports.reads import Count, JobFilter
from equeue.domain.filter_text import read
from equeue.domain.status import JobStatus

OWNER = UUID("00000000-0000-7000-8000-00000000b001")
QUEUED, CANCELLED = JobStatus.QUEUED, JobStatus.CANCELLED
SEED = f"""
insert into equeue.jobs (task, status, finished_at, created_at, user_id, tags, payload)
  select 't', case when g % 4 = 0 then 'cancelled' else 'queued' end::equeue.job_status,
    case when g % 4 = 0 then now() end, now() - (g / 7) * interval '1 s',
    case when g % 2 = 0 then '{OWNER}'::uuid end, array['t' || g % 3], jsonb_build_object('n', g % 5)
  from generate_series(1, 400) as g
"""
LARGE = """
insert into equeue.jobs (task, queue, created_at, payload)
  select 't', 'large', now() + interval '1 s',
    jsonb_build_object('n', 1, 'x', (select string_agg(md5((g + n)::text), '') from generate_series(1, 500) as n))
  from generate_series(1, 10) as g
"""


async def counted(world: World, text: str, owner: UUID | None = None) -> dict[JobStatus, Count]:
    """Return the counts of the two statuses that there are."""
    counts = await world.reads.count(JobFilter(owner, condition=read(text) if text else None), 10_001)
    return {status: count for status, count in counts.items() if status in (QUEUED, CANCELLED)}


async def test_a_count_within_its_window_is_exact(world: World, sql: Connection) -> None:
    """Of everybody's jobs and of one person's, of documents too."""
    sql.execute(SEED)
    assert await counted(world, "tag:t1") == {QUEUED: Count(100), CANCELLED: Count(34)}
    assert await counted(world, "payload.n:1") == {QUEUED: Count(60), CANCELLED: Count(20)}
    assert await counted(world, "", OWNER) == {QUEUED: Count(100), CANCELLED: Count(100)}
    assert await counted(world, "tag:t1", OWNER) == {QUEUED: Count(33), CANCELLED: Count(34)}
    assert await counted(world, "payload.n:1 status:cancelled", OWNER) == {CANCELLED: Count(20)}


@pytest.mark.parametrize(
    ("text", "owner", "window", "short"),
    [
        ("tag:t1", None, 5 * 150, {QUEUED}),
        ("payload.n:1", None, 5 * 150 * count_within.DEEP, {QUEUED}),
        ("", OWNER, 150, {QUEUED, CANCELLED}),
        ("tag:t1", OWNER, 150, {QUEUED, CANCELLED}),
    ],
)
async def test_a_count_that_falls_short_says_so(
    world: World,
    sql: Connection,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    owner: UUID | None,
    window: int,
    short: set[JobStatus],
) -> None:
    """There are at least as many as it says; a status whose window reached to its end is exact all the same."""
    sql.execute(SEED)
    whole = await counted(world, text, owner)
    monkeypatch.setattr(count_within, "WINDOW", window)
    some = await counted(world, text, owner)
    assert {status for status, count in some.items() if count.capped} == short
    assert all(0 < some[status].value < whole[status].value for status in short)
    assert all(some[status] == whole[status] for status in set(whole) - short)


async def test_a_count_ends_with_heavy_documents(
    world: World, sql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many bytes of documents are looked into and no more, but one document at least."""
    sql.execute(LARGE)
    whole = await counted(world, "payload.n:1 status:queued")
    monkeypatch.setattr(count_within, "LOOKED_INTO", 1)
    some = await counted(world, "payload.n:1 status:queued")
    assert (whole, some) == ({QUEUED: Count(10)}, {QUEUED: Count(1, capped=True)})
