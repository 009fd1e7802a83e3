"""What claims under limits look at: no more with a hundred thousand jobs of a saturated key in front."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import ClientCursor
from tests import servers
from tests.integration.postgres.plans import Plan, plan_of
from tests.integration.postgres.test_plans import claim_facts

from equeue.adapters.postgres.claiming import BEFORE_ALL, lanes
from equeue.adapters.postgres.limit_statements import (
    LOCK,
    PICK,
    PICK_BY_KEY,
    PICK_OLDEST,
    PICK_ONLY,
    ROOM,
    SPEND,
    TAKE,
    WHICH,
)

FRONT = 100_000
ELSEWHERE = 5_000

SEED = """
insert into equeue.queues (name, max_running, max_running_per_key) values ('keyed', 50, 1), ('empty', 50, 1);
insert into equeue.jobs (task, queue, concurrency_key, run_at)
  select 't', 'keyed', 'front', now() - interval '1 hour' from generate_series(1, {front});
insert into equeue.jobs (task, queue, concurrency_key) values ('t', 'keyed', 'a'), ('t', 'keyed', 'z');
insert into equeue.jobs (task, queue, concurrency_key, status, worker_id, lease_token, attempt, lease_expires_at)
  values ('t', 'keyed', 'front', 'running', gen_random_uuid(), 1, 1, now() + interval '1 minute');
insert into equeue.jobs (task, queue, status, worker_id, lease_token, attempt, lease_expires_at)
  select 't', 'free', 'running', gen_random_uuid(), 1, 1, now() + interval '1 minute'
  from generate_series(1, {elsewhere});
"""


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database with many jobs of one saturated key in front, and many that run elsewhere."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (autovacuum_enabled = off)")
        connection.execute(SEED.format(front=FRONT, elsewhere=ELSEWHERE).encode())
        yield connection


@pytest.fixture(params=["lane", "pooler"])
def mode(request: pytest.FixtureRequest) -> str:
    """Return how statements are planned."""
    return str(request.param)


def facts(name: str, limit: int = 1, **more: Any) -> dict[str, Any]:
    """Return what the statements of one claim take."""
    probed = lanes([name])
    return claim_facts() | {
        "limit": limit,
        "window": limit,
        "rooms": [limit] * len(probed),
        "queues": [queue for queue, _ in probed],
        "priorities": [priority for _, priority in probed],
        "after_run_at": [BEFORE_ALL[0]] * len(probed),
        "after_id": [BEFORE_ALL[1]] * len(probed),
        **more,
    }


def walk(queue: str, limit: int = 1) -> dict[str, Any]:
    """Return what a walk along the keys takes where the front is saturated."""
    one = {"queues": [queue], "after_keys": [""], "most": [1], "keys": limit + 2}
    return facts(queue, limit) | one | {"full_queues": ["keyed"], "full_keys": ["front"]}


def test_a_saturated_key_costs_one_probe(sql: psycopg.Connection[Any], mode: str) -> None:
    """The walk goes along the keys, and looks at no job of the one that has no room."""
    plan = plan_of(sql, PICK_BY_KEY, walk("keyed"), mode=mode)
    assert plan.indexes() == {"ix_jobs_keys"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 10


def test_what_runs_is_counted_by_its_own_range(sql: psycopg.Connection[Any], mode: str) -> None:
    """However much runs in other queues."""
    plan = plan_of(sql, ROOM, facts("keyed", queues=["keyed"]), mode=mode)
    assert plan.indexes() == {"ix_jobs_running"}
    assert plan.rows_touched() <= 10


def test_a_look_goes_no_further_than_its_window(sql: psycopg.Connection[Any], mode: str) -> None:
    """Neither in the order of claims nor for the oldest."""
    for statement in (PICK, PICK_OLDEST):
        plan = plan_of(sql, statement, facts("keyed", 20, queue="keyed"), mode=mode)
        assert plan.indexes() == {"ix_jobs_claim"}
        assert plan.rows_touched() <= 20 * 10


def test_named_jobs_are_found_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """To look at them and to take them."""
    rows = sql.execute("select id from equeue.jobs where queue = 'keyed' and status = 'queued' limit 50").fetchall()
    ids = [row[0] for row in rows]
    for statement in (PICK_ONLY, TAKE):
        plan = plan_of(sql, statement, facts("keyed", 50, queues=["keyed"], only=ids, ids=ids), mode=mode)
        assert plan.indexes() == {"pk_jobs"}
        assert plan.rows_touched() <= 100


def test_a_claim_behind_a_saturated_key_touches_little(sql: psycopg.Connection[Any]) -> None:
    """At most twice the pages that a claim of an empty queue looks at."""
    empty = sum(
        pages(sql, statement, facts("empty", queues=["empty"]) if statement != PICK else facts("empty"))
        for statement in (LOCK, ROOM, PICK)
    )
    behind = sum(
        pages(sql, statement, facts("keyed", queues=["keyed"]) if statement != PICK else facts("keyed"))
        for statement in (LOCK, ROOM, PICK)
    )
    behind += pages(sql, PICK_BY_KEY, walk("keyed"))
    assert behind <= 2 * empty


def test_queues_without_limits_are_asked_after_by_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """Also once there are many queues; and what is spent is written by key."""
    many = {"queues": ["keyed"], "tokens": [1.0], "instants": [BEFORE_ALL[0]]}
    for statement in (WHICH, SPEND):
        assert not plan_of(sql, statement, many, mode=mode).scans_whole("jobs")


def pages(connection: psycopg.Connection[Any], statement: str, told: dict[str, Any]) -> int:
    """Return how many pages a statement looks at, past what other tests took back: the first look clears that away."""
    return min(_looked_at(connection, statement, told) for _ in range(2))


def _looked_at(connection: psycopg.Connection[Any], statement: str, told: dict[str, Any]) -> int:
    words = statement.replace(")b", ")s")
    with connection.transaction(force_rollback=True), ClientCursor(connection) as cursor:
        connection.execute("set local enable_seqscan = off")
        cursor.execute(f"explain (analyze, buffers, format json, timing off) {words}", told)
        ((answer,),) = cursor.fetchall()
    root = Plan(answer[0]["Plan"]).root
    return int(root["Shared Hit Blocks"]) + int(root["Shared Read Blocks"])
