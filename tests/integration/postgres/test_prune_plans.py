"""Pruning looks at a bounded set of jobs by an index that is there, whatever it keeps on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import TextClause, make_url
from tests import servers
from tests.integration.postgres.plans import explained

from equeue.adapters.postgres.planning import PLANNING
from equeue.adapters.postgres.pruning import BEGINNING, JOBS, RESULTS, walk_facts
from equeue.application.ports.pruning import Keep
from equeue.application.ports.reads import Position
from equeue.domain.status import JobStatus

LIMIT = 500
DIALECT = make_url("postgresql+psycopg://").get_dialect()()

SEED = """
insert into equeue.jobs (task, queue, status, finished_at, created_at, lease_token, attempt, result)
  select 't', 'q' || g % 5, 'succeeded', now() - g * interval '1 s', now() - g * interval '1 s', 1, 1, '1'
  from generate_series(1, 60000) as g;
insert into equeue.jobs (task, created_at) select 't', now() - interval '9 days' from generate_series(1, 5000);
analyze equeue.jobs;
"""


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED.encode())
        yield connection


@pytest.mark.parametrize("statement", [JOBS, RESULTS], ids=["jobs", "results"])
@pytest.mark.parametrize("place", ["start", "middle"])
@pytest.mark.parametrize("kept", [timedelta(hours=1), timedelta(hours=16, minutes=30), timedelta(days=9)], ids=str)
def test_a_set_looks_no_further_than_its_limit(
    sql: psycopg.Connection[Any], statement: TextClause, place: str, kept: timedelta
) -> None:
    """Also where nothing on the way may go yet; no table is read from end to end."""
    middle = Position(datetime.now(UTC) - timedelta(hours=8), UUID(int=0))
    keep = Keep(timedelta(days=30), {"q1": kept})
    after = BEGINNING if place == "start" else middle
    facts = walk_facts(JobStatus.SUCCEEDED, keep, kept, after, LIMIT)
    compiled = statement.bindparams(**facts).compile(dialect=DIALECT)
    with sql.transaction(force_rollback=True):
        sql.execute(PLANNING)
        plan = explained(sql, str(compiled), compiled.params)
    assert not plan.scans_whole()
    assert plan.indexes() <= {"ix_jobs_status_created_at_id", "pk_jobs"}
    assert plan.rows_touched() <= 4 * LIMIT
