"""What explanations look at: no more than their bounds, however much waits, runs or ended."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import Plan, explained, plan_of

from equeue.adapters.postgres.explain_statements import JOB, LOOKED_AT, PLANNING, QUEUE
from equeue.adapters.postgres.presence import TELL
from equeue.application.ports.queues import OWN_LOOKED_AT
from equeue.domain.explanation import MOST_AHEAD, MOST_COUNTED, WINDOW

BACKLOG = 100_000
RUNNING = 5_000
LIMIT = 50
LAST, FIRST, LATER, DONE = (UUID(int=7 << 76 | 2 << 62 | 0xD000 + place) for place in range(4))
OWNER = UUID("00000000-0000-7000-8000-00000000b001")

SEED = f"""
insert into equeue.tasks (id, queue) select 't.' || g, 'q.' || g from generate_series(1, 200) as g;
insert into equeue.queues (name, max_running, max_running_per_key, rate_limit, rate_period_s)
  values ('keyed', {LIMIT}, 1, 5, 60);
insert into equeue.jobs (task, queue, concurrency_key, run_at, priority)
  select 't', 'keyed', 'k' || g % 3000, now() - g * interval '1 s', g % 10 from generate_series(1, {BACKLOG}) as g;
insert into equeue.jobs (task, queue, run_at, priority)
  select 't', 'keyed', now() + interval '1 hour' + g * interval '1 s', g % 10 from generate_series(1, {BACKLOG}) as g;
insert into equeue.jobs (task, queue, concurrency_key, status, worker_id, lease_token, attempt, lease_expires_at)
  select 't', queue, 'k' || g, 'running', gen_random_uuid(), 1, 1, now() + interval '1 minute'
  from generate_series(1, {RUNNING}) as g, unnest(array['keyed', 'free']) as queue;
insert into equeue.jobs (task, queue, status, finished_at, created_at)
  select 't', 'keyed', 'cancelled', now(), now() from generate_series(1, {BACKLOG}) as g;
insert into equeue.jobs (task, queue, status, finished_at, user_id)
  select 't', 'own', 'cancelled', now(), '{OWNER}' from generate_series(1, {OWN_LOOKED_AT + 5_000}) as g;
insert into equeue.jobs (id, task, queue, priority, concurrency_key, run_at, user_id) values
  ('{LAST}', 't.1', 'keyed', 9, 'k1', now() - interval '1 s', '{OWNER}'),
  ('{FIRST}', 't.1', 'keyed', 0, 'k1', now() - interval '9 days', '{OWNER}'),
  ('{LATER}', 't.1', 'keyed', 5, 'k1', now() + interval '9 days', '{OWNER}');
insert into equeue.jobs (id, task, queue, status, finished_at) values ('{DONE}', 't', 'keyed', 'cancelled', now());
analyze equeue.jobs;
"""


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database in which much waits, much runs and more has ended."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED.encode())
        yield connection


def planned(connection: psycopg.Connection[Any], statement: str, facts: dict[str, Any], mode: str) -> Plan:
    """Return the plan of a statement: planned when it is asked for, or kept from earlier times for any facts."""
    if mode == "kept":
        return plan_of(connection, statement, facts, mode="lane")
    with connection.transaction(force_rollback=True):
        connection.execute(PLANNING)
        return explained(connection, statement, facts)


@pytest.fixture(params=["fresh", "kept"])
def mode(request: pytest.FixtureRequest) -> str:
    """Return how statements are planned."""
    return str(request.param)


@pytest.mark.parametrize("owner", [None, OWNER], ids=["all", "own"])
@pytest.mark.parametrize(
    ("job", "most"),
    [(FIRST, 2 * LOOKED_AT + 2 * LIMIT), (LAST, MOST_AHEAD + 2 * LOOKED_AT + 2 * LIMIT), (LATER, 2 * LOOKED_AT + 200)],
    ids=["first", "last", "later"],
)
def test_a_job_is_explained_by_its_own_ranges(
    sql: psycopg.Connection[Any], job: UUID, most: int, owner: UUID | None, mode: str
) -> None:
    """Wherever it stands: a few ranges of indexes, each as far as its bound."""
    plan = planned(sql, JOB, {"job_id": job, "owner": owner}, mode)
    assert plan.indexes() == {"pk_jobs", "ix_jobs_claim", "ix_jobs_running"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= most


def test_what_is_over_costs_one_look(sql: psycopg.Connection[Any], mode: str) -> None:
    """For what ended, nothing is counted; what shows that a worker serves its queue is one row."""
    plan = planned(sql, JOB, {"job_id": DONE, "owner": None}, mode)
    assert plan.rows_touched() <= LOOKED_AT


@pytest.mark.parametrize("owner", [None, OWNER], ids=["all", "own"])
@pytest.mark.parametrize("queue", ["keyed", "free", "never.seen"])
def test_a_queue_is_explained_within_its_bounds(
    sql: psycopg.Connection[Any], queue: str, owner: UUID | None, mode: str
) -> None:
    """Its waiting and due jobs are counted no further than anybody reads, and its heads are a window each.

    Of who sees own jobs alone, the newest are looked at for one that speaks of it.
    """
    plan = planned(sql, QUEUE, {"name": queue, "owner": owner}, mode)
    assert plan.indexes() <= {"ix_jobs_claim", "ix_jobs_running", "ix_jobs_keys", "ix_jobs_user_id_created_at"}
    assert not plan.scans_whole()
    own = 0 if owner is None else OWN_LOOKED_AT
    assert plan.rows_touched() <= 3 * MOST_COUNTED + 10 * (WINDOW + 2) * 2 + 2 * LOOKED_AT + own


@pytest.mark.parametrize("planner", ["lane", "pooler"])
def test_a_worker_tells_of_itself_by_key(sql: psycopg.Connection[Any], planner: str) -> None:
    """Nothing is written where another one has just said the same."""
    told = {"tasks": [f"t.{place}" for place in range(1, 11)]}
    plan = plan_of(sql, TELL, told, mode=planner)
    assert plan.rows_touched("tasks") <= 200
    assert plan.indexes("tasks") <= {"pk_tasks"}
