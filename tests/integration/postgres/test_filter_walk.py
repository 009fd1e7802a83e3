"""A walk by a filter that no index serves, while jobs are inserted, changed and deleted."""

from uuid import UUID

import attrs
import pytest
from psycopg import Connection
from tests.contract.world import World

from equeue.adapters.postgres import reads as postgres_reads
from equeue.adapters.postgres.looking import Found, look
from equeue.application.ports.reads import JobFilter, Position
from equeue.domain.filter_text import read

SEED = """
insert into equeue.jobs (task, queue, created_at)
  select 't', 'q' || g % 3, now() - (g / 7) * interval '1 s' from generate_series(1, 300) as g
"""


async def walked(world: World, text: str, limit: int) -> list[UUID]:
    """Return the ids of every job on the way."""
    seen: list[UUID] = []
    after = None
    while True:
        page = await world.reads.page(JobFilter(condition=read(text)), limit=limit, after=after)
        seen += [job.id for job in page.items]
        if not page.has_more:
            return seen
        last = Position(page.items[-1].created_at, page.items[-1].id) if page.items else None
        after = page.scanned_until or last


@pytest.mark.parametrize("gone", ["first", "last", "all"])
async def test_jobs_deleted_while_a_page_is_read_hide_no_others(
    world: World, sql: Connection, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Between finding places and reading jobs anything may happen; who existed throughout is seen."""
    sql.execute(SEED)
    before = {row[0] for row in sql.execute("select id from equeue.jobs where queue = 'q1'")}
    deleted: set[UUID] = set()

    async def looking(*asked: object) -> Found:
        found: Found = await look(*asked)  # type: ignore[arg-type]
        shown = [place.job_id for place in found.places[:10]]
        some = {"first": shown[:1], "last": shown[-1:], "all": shown}[gone]
        if len(deleted) < 30:
            sql.execute("delete from equeue.jobs where id = any(%s)", [some])
            deleted.update(some)
        return found

    monkeypatch.setattr(postgres_reads, "look", looking)
    seen = await walked(world, "queue:q1", 10)
    assert set(seen) == before - deleted
    assert len(seen) == len(set(seen))


async def test_a_walk_sees_every_job_that_existed_throughout_once(world: World, sql: Connection) -> None:
    """Windows of a few jobs, many of them created at one instant, while others come, move and go."""
    sql.execute(SEED)
    near = attrs.evolve(world, reads=attrs.evolve(world.reads, window=11))  # type: ignore[misc]
    steady = {row[0] for row in sql.execute("select id from equeue.jobs where queue = 'q1'")}
    seen: list[UUID] = []
    after = None
    for n in range(1_000):
        page = await near.reads.page(JobFilter(condition=read("queue:q1 -tag:x")), limit=3, after=after)
        seen += [job.id for job in page.items]
        if not page.has_more:
            break
        last = Position(page.items[-1].created_at, page.items[-1].id) if page.items else None
        after = page.scanned_until or last
        sql.execute("insert into equeue.jobs (task, queue) values ('t', 'q1')")
        sql.execute("delete from equeue.jobs where id in (select id from equeue.jobs where queue = 'q2' limit 1)")
        if n % 3 == 0:
            sql.execute(
                "update equeue.jobs set status = 'cancelled', finished_at = now() where id in"
                " (select id from equeue.jobs where status = 'queued' and queue = 'q1' order by random() limit 1)"
            )
    assert len(seen) == len(set(seen))
    assert steady <= set(seen)
