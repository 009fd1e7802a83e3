"""The next jobs of a bulk operation are read from an index, no further than a window, however many jobs there are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import plan_of_look

from equeue.adapters.postgres.selection import COUNT_WINDOW, count_query, jobs_query, places_query
from equeue.domain.bulk import Place
from equeue.domain.bulk_plan import BulkAction, BulkFilter, BulkPlan
from equeue.domain.status import JobStatus

OWNER = UUID("00000000-0000-7000-8000-00000000b001")
LIMIT, WINDOW = 500, 2_000
DEAD = 20_000

SEED = f"""
insert into equeue.jobs (task, status, finished_at, created_at, user_id, lease_token, attempt)
  select 't', 'succeeded', now(), now() - g * interval '1 s',
    case when g % 50 = 0 then '{OWNER}' else gen_random_uuid() end, 1, 1
  from generate_series(1, 60000) as g;
insert into equeue.jobs (task, queue, status, finished_at, error, created_at, lease_token, attempt, tags)
  select 't', 'q' || g % 5, 'dead', now(), jsonb_build_object('type', 'E', 'fingerprint', 'f' || g % 20),
    now() - g * interval '1 s', 1, 1, case when g % 1000 = 0 then '{{vip}}'::text[] else '{{}}' end
  from generate_series(1, {DEAD}) as g;
analyze equeue.jobs;
"""

WHERE = {
    "a status": (BulkAction.RETRY, {}),
    "many statuses": (BulkAction.DELETE, {"queues": ("q1",)}),
    "a tag": (BulkAction.RETRY, {"tags": ("vip",)}),
    "an owner": (BulkAction.DELETE, {"owner": OWNER}),
    "a cause": (BulkAction.RETRY, {"fingerprints": ("f1",)}),
    "causes": (BulkAction.RETRY, {"fingerprints": ("f1", "f2"), "queues": ("q1",)}),
    "confined": (BulkAction.RETRY, {"queue_globs": ("q*",), "statuses": (JobStatus.DEAD,)}),
    "a time": (BulkAction.RETRY, {"created_before": datetime.now(UTC) - timedelta(hours=1)}),
}


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED.encode())
        yield connection


def a_plan(action: BulkAction, where: dict[str, Any]) -> BulkPlan:
    """Return a plan up to now."""
    return BulkPlan(action=action, where=BulkFilter(**where), mark=datetime.now(UTC) + timedelta(minutes=1))


@pytest.mark.parametrize("hours", [None, 2.0], ids=["start", "middle"])
@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE.keys())
def test_a_batch_looks_no_further_than_its_window(
    sql: psycopg.Connection[Any], where: tuple[BulkAction, dict[str, Any]], hours: float | None
) -> None:
    """At most a window of jobs for each branch of the plan is looked at, and no table is read from end to end."""
    plan = a_plan(*where)
    after = None if hours is None else Place(datetime.now(UTC) - timedelta(hours=hours), UUID(int=0))
    found = plan_of_look(sql, places_query(plan, after, LIMIT, WINDOW))
    branches = max(len(plan.selection.fingerprints), len(plan.selection.statuses), 1)
    assert not found.scans_whole()
    assert found.rows_touched() <= branches * (WINDOW + 100)


def test_a_group_is_read_from_its_own_index(sql: psycopg.Connection[Any]) -> None:
    """The dead of one cause are found without looking at those of others, and in order."""
    found = plan_of_look(sql, places_query(a_plan(BulkAction.RETRY, {"fingerprints": ("f1",)}), None, LIMIT, WINDOW))
    assert found.indexes() == {"ix_jobs_dead_letters"}
    assert found.rows_touched() <= DEAD // 20


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE.keys())
def test_a_count_is_bounded(sql: psycopg.Connection[Any], where: tuple[BulkAction, dict[str, Any]]) -> None:
    """To count is to look at so many jobs of each branch at most, and to stop at the cap."""
    plan = a_plan(*where)
    found = plan_of_look(sql, count_query(plan, 1_001))
    assert found.rows_touched() <= 2 * COUNT_WINDOW


def test_jobs_are_loaded_by_their_ids(sql: psycopg.Connection[Any]) -> None:
    """Through the primary key, as many as are wanted."""
    ids = [row[0] for row in sql.execute("select id from equeue.jobs limit 300").fetchall()]
    found = plan_of_look(sql, jobs_query(ids))
    assert found.indexes() <= {"pk_jobs"}
    assert found.rows_touched() <= len(ids)
