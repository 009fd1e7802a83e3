"""A long walk by cursor while the ground moves: whoever was there all along is met once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from random import Random
from typing import Any

import psycopg
import pytest
from tests.integration.http.test_postgres import JOBS, a_key, the_services
from tests.unit.http.world import Caller, calling

from equeue.domain.access import Role
from equeue.entrypoints.http.app import create_app

JOBS_THERE = 100_000
OF_ONE_MOMENT = 4_000
SEED = f"""
insert into equeue.jobs (task, status, finished_at, created_at)
  select 't', s.status, case when s.status = 'cancelled' then now() end,
    date_trunc('second', now()) - interval '1 hour' - (g / {OF_ONE_MOMENT}) * interval '1 ms'
  from generate_series(0, {JOBS_THERE - 1}) as g
  cross join lateral (select (case g % 3 when 0 then 'cancelled' else 'queued' end)::equeue.job_status) as s (status)
"""
COME = f"""
insert into equeue.jobs (task, created_at)
  select 'new', now() - interval '1 hour' - random() * interval '{JOBS_THERE // OF_ONE_MOMENT} ms'
  from generate_series(1, 50)
union all
  select 'new', now()
"""
CHANGE = """
update equeue.jobs set status = 'cancelled', finished_at = now()
where id = any(%s) and (status = 'queued') is true
"""
BACK = """
update equeue.jobs set status = 'queued', finished_at = null
where id = any(%s) and (status = 'cancelled') is true
"""


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Caller]:
    """Give a caller who sees all jobs."""
    async with the_services(database_url) as services:
        key = await a_key(services, Role.VIEWER)
        async with calling(create_app(services), key) as caller:
            yield caller


class Ground:
    """The jobs, and what happens to them between two pages."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._sql = connection
        self._random = Random(7)
        self._sql.execute(SEED)
        self._sql.execute("analyze equeue.jobs")
        self._there = [row[0] for row in self._sql.execute("select id from equeue.jobs order by id")]
        self._deleted: set[Any] = set()

    def move(self) -> None:
        """Fifty come among the others and one at the end, a hundred change their status, fifty go."""
        self._sql.execute(COME)
        self._sql.execute(CHANGE, [self._random.sample(self._there, 50)])
        self._sql.execute(BACK, [self._random.sample(self._there, 50)])
        gone = self._random.sample(self._there, 50)
        self._sql.execute("delete from equeue.jobs where id = any(%s)", [gone])
        self._deleted.update(gone)

    @property
    def steady(self) -> set[str]:
        """The ids of those who were there from the first page to the last."""
        return {str(job_id) for job_id in self._there if job_id not in self._deleted}


@pytest.fixture
def ground(database_url: str) -> Iterator[Ground]:
    """Give a hundred thousand jobs, thousands of them created at one moment."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Ground(connection)


@pytest.mark.timeout(400)
async def test_a_walk_of_100_000_jobs_meets_each_once(api: Caller, ground: Ground) -> None:
    """Whatever comes, changes and goes meanwhile: who was there from the first page to the last is on one page."""
    seen: list[str] = []
    cursor = ""
    for number in count():
        page = (await api.get(f"{JOBS}?limit=200{cursor}")).json()
        seen += [job["id"] for job in page["items"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
        if number % 5 == 0:
            await asyncio.to_thread(ground.move)
    assert len(seen) == len(set(seen))
    assert not ground.steady - set(seen)
    assert JOBS_THERE * 0.9 < len(ground.steady) < JOBS_THERE
