"""Pages are read from an index, no further than they reach, however many jobs there are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import DIALECT, explained, plan_of_look

from equeue.adapters.postgres.count_within import count_query
from equeue.adapters.postgres.portions import attempts_page, portioned
from equeue.adapters.postgres.reads import page_query
from equeue.application.ports.outline import Outline
from equeue.application.ports.reads import EVERYTHING, JobFilter, Position
from equeue.domain.status import JobStatus

JOBS = 100_000
OWNER = UUID("00000000-0000-7000-8000-00000000b001")
BUSY = UUID("00000000-0000-7000-8000-00000000c001")
PAGE = 51

SEED = f"""
insert into equeue.jobs (task, status, finished_at, created_at, user_id, lease_token, attempt)
  select 't', 'succeeded', now(), now() - (g / 3) * interval '1 s',
    case when g % 500 = 0 then '{OWNER}' else gen_random_uuid() end, 1, 1
  from generate_series(1, {JOBS}) as g;
insert into equeue.jobs (task, status, finished_at, error, created_at, lease_token, attempt)
  select 't', 'dead', now(), '{{"type": "E"}}', now() - interval '1 day' - g * interval '1 s', 1, 1
  from generate_series(1, 500) as g;
insert into equeue.jobs (task, status, finished_at, created_at)
  select 't', 'cancelled', now(), now() - interval '2 days' - g * interval '1 s' from generate_series(1, 500) as g;
insert into equeue.jobs (id, task, status, finished_at, created_at)
  values ('{BUSY}', 't', 'cancelled', now(), now() - interval '9 days');
insert into equeue.attempts (job_id, lease_token, attempt, outcome)
  select '{BUSY}', g, g, 'released' from generate_series(1, 100) as g;
insert into equeue.attempts (job_id, lease_token, attempt, outcome)
  select id, 1, 1, 'released' from equeue.jobs where status = 'succeeded' limit 20000;
analyze equeue.jobs;
analyze equeue.attempts;
"""

FILTERS = {
    "all": JobFilter(),
    "one frequent status": JobFilter(statuses=(JobStatus.SUCCEEDED,)),
    "one rare status": JobFilter(statuses=(JobStatus.DEAD,)),
    "two rare statuses": JobFilter(statuses=(JobStatus.DEAD, JobStatus.CANCELLED)),
    "a status that nothing has": JobFilter(statuses=(JobStatus.QUEUED, JobStatus.RUNNING)),
    "one owner": JobFilter(owner=OWNER),
}


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs, three of which share each instant of creation."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED)
        yield connection


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS.keys())
@pytest.mark.parametrize("days", [None, 0.2, 1.003], ids=["start", "middle", "far"])
def test_a_page_looks_at_little_more_than_it_shows(
    sql: psycopg.Connection[Any], where: JobFilter, order: str, days: float | None
) -> None:
    """Wherever it begins and whichever way it runs, of a hundred thousand jobs it looks at a few hundred."""
    begin = None if days is None else Position(datetime.now(UTC) - timedelta(days=days), UUID(int=1 << 127))
    oldest_first = order == "oldest first"
    found = page_query(where, PAGE, begin, oldest_first=oldest_first)
    plan = plan_of_look(sql, portioned(found, EVERYTHING, oldest_first=oldest_first))
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 2 * (PAGE + len(JobStatus))


CAP = 301


@pytest.mark.parametrize("where", FILTERS.values(), ids=FILTERS.keys())
def test_a_count_ends_at_its_cap(sql: psycopg.Connection[Any], where: JobFilter) -> None:
    """Of a hundred thousand jobs it looks at no more than it may count, in each status."""
    plan = plan_of_look(sql, count_query(Outline.of(where), CAP))
    assert not plan.scans_whole()
    assert plan.rows_touched() <= len(JobStatus) * CAP


@pytest.mark.parametrize("after", [0, 40, 100])
def test_a_page_of_attempts_looks_at_no_other_jobs_attempts(sql: psycopg.Connection[Any], after: int) -> None:
    """Nor at those before it or far behind it."""
    asked = attempts_page(BUSY, after, 10, 8 * 1024 * 1024)
    compiled = asked.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
    plan = explained(sql, str(compiled), compiled.params)
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 20
