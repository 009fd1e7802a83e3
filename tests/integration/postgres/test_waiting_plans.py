"""What the API asks at each tick and for each set of new jobs is found through keys, and reads what it needs alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import explained, plan_of

from equeue.adapters.postgres.intake import DECLARED, USED
from equeue.adapters.postgres.watching import LOOK, MARKS

JOBS, WAITED = 50_000, 200

SEED = f"""
insert into equeue.jobs (task, status, finished_at, lease_token, attempt)
  select 't', 'succeeded', now(), 1, 1 from generate_series(1, {JOBS}) as g;
insert into equeue.idempotency_keys (principal, key, request_hash, answer)
  select 'p', 'k' || g, '1', '1' from generate_series(1, {JOBS}) as g;
insert into equeue.tasks (id, queue) select 't' || g, 'q' from generate_series(1, 5000) as g;
"""


@pytest.fixture(scope="module", params=["stale statistics", "fresh statistics"])
def sql(request: pytest.FixtureRequest, server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs, keys and tasks, analysed or not."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        for table in ("jobs", "idempotency_keys", "tasks"):
            connection.execute(f"alter table equeue.{table} set (autovacuum_enabled = off)")
        connection.execute(SEED)
        if request.param == "fresh statistics":
            connection.execute("analyze")
        yield connection


@pytest.mark.parametrize("mode", ["lane", "pooler"])
def test_a_look_probes_each_job_that_is_waited_for(sql: psycopg.Connection[Any], mode: str) -> None:
    """By its key, however many there are, and no other."""
    ids = [row[0] for row in sql.execute("select id from equeue.jobs limit %s", [WAITED]).fetchall()]
    plan = plan_of(sql, LOOK, {"ids": ids, "marks": [""] * WAITED}, mode=mode)
    assert plan.indexes() == {"pk_jobs"}
    assert not plan.scans_whole()
    assert plan.rows_touched() == WAITED


@pytest.mark.parametrize("mode", ["lane", "pooler"])
def test_keys_are_probed_one_by_one(sql: psycopg.Connection[Any], mode: str) -> None:
    """A set of 32 looks at 32 rows."""
    facts = {"principals": ["p"] * 32, "keys": [f"k{n}" for n in range(1, 33)]}
    plan = plan_of(sql, USED, facts, mode=mode)
    assert not plan.scans_whole("idempotency_keys")
    assert plan.rows_touched("idempotency_keys") == 32


@pytest.mark.parametrize("mode", ["lane", "pooler"])
def test_declarations_are_found_by_name(sql: psycopg.Connection[Any], mode: str) -> None:
    """Of five thousand tasks it reads the two that are asked for."""
    plan = plan_of(sql, DECLARED, {"tasks": ["t1", "t2"]}, mode=mode)
    assert plan.rows_touched("tasks") == 2


def test_topics_touch_no_row(sql: psycopg.Connection[Any]) -> None:
    """Counters are read, no table."""
    assert all("Relation Name" not in node for node in explained(sql, MARKS, {}).nodes())
