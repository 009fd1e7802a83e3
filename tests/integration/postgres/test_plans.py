"""Hot statements find their rows through the index that they were written for, whatever the planner believes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import Plan, Prepared, plan_of

from equeue.adapters.postgres import statements
from equeue.adapters.postgres.cadences import TICK
from equeue.adapters.postgres.claiming import BEFORE_ALL, lanes
from equeue.adapters.postgres.due import DUE
from equeue.adapters.postgres.engine import PLANNING
from equeue.adapters.postgres.moves import CHANGE, REMOVE

ENDED, QUEUED, FUTURE, RUNNING = 60_000, 40_000, 10_000, 2_000
BATCH = 500

SEED = """
insert into equeue.jobs (task, status, finished_at, created_at, user_id, lease_token, attempt)
  select 't', 'succeeded', now(), now() - g * interval '1 s', gen_random_uuid(), 1, 1
  from generate_series(1, {ended}) as g;
{analyse_early}
insert into equeue.jobs (task, queue, priority, run_at, user_id)
  select 't', 'q' || g % 2, g % 10, now() - g * interval '1 ms', gen_random_uuid()
  from generate_series(1, {queued}) as g;
insert into equeue.jobs (task, queue, priority, run_at, expires_at)
  select 't', 'q0', 0, now() + g * interval '1 s', now() + g * interval '2 s' from generate_series(1, {future}) as g;
insert into equeue.jobs (task, status, worker_id, lease_token, attempt, started_at, lease_expires_at)
  select 't', 'running', gen_random_uuid(), 1, 1, now(), now() + (g - 50) * interval '1 s'
  from generate_series(1, {running}) as g;
{analyse_late}
"""


def seed(share: int = 1, *, early: str = "", late: str = "") -> str:
    """Return the statements that fill a database, with that share of the ended and queued jobs."""
    return SEED.format(
        ended=ENDED // share,
        queued=QUEUED // share,
        future=FUTURE // share,
        running=RUNNING,
        analyse_early=early,
        analyse_late=late,
    )


@pytest.fixture(scope="module", params=["stale statistics", "fresh statistics"])
def sql(request: pytest.FixtureRequest, server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of more than 100,000 jobs; its statistics may date from when nothing was queued or running."""
    stale = request.param == "stale statistics"
    analyse = "analyze equeue.jobs;"
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (autovacuum_enabled = off)")
        connection.execute(seed(early=analyse, late="" if stale else analyse))
        yield connection


STATEMENTS = {
    "claim": statements.CLAIM,
    "claim_in_turn": statements.CLAIM_IN_TURN,
    "claim_only": statements.CLAIM_ONLY,
    "heartbeat": statements.HEARTBEAT,
    "succeed": statements.SUCCEED,
    "settle": statements.SETTLE,
    "look_back": statements.LOOK_BACK,
    "take_over": statements.TAKE_OVER,
    "expire": statements.EXPIRE,
    "due": DUE,
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_plan_made_for_a_small_table_serves_a_large_one(name: str, server: servers.Server, template: str) -> None:
    """A worker plans in an idle hour, with everything on one page, and keeps the plan when thousands of jobs come."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (autovacuum_enabled = off)")
        connection.execute("insert into equeue.jobs (task, queue) values ('t', 'q0')")
        connection.execute("vacuum (analyze) equeue.jobs")
        connection.execute(PLANNING)
        prepared = Prepared.of(connection, STATEMENTS[name])
        prepared.plan(every_fact(name, []))
        connection.execute(seed(share=5))
        plan = prepared.plan(every_fact(name, held(connection)))
        assert not plan.scans_whole()
        assert plan.rows_touched() <= RUNNING + BATCH
        assert plan.pairs_compared() <= BATCH


def every_fact(name: str, ids: list[UUID]) -> dict[str, Any]:
    """Return what any hot statement takes."""
    facts = claim_facts(only=ids) | settle_facts(ids)
    return facts | {"begun": [True] * len(ids), "progress": [None] * len(ids)} if name == "heartbeat" else facts


@pytest.fixture(params=["lane", "pooler"])
def mode(request: pytest.FixtureRequest) -> str:
    """Return how the statement is planned: once in a lane's session, or each time behind a pooler."""
    return str(request.param)


def held(sql: psycopg.Connection[Any], count: int = BATCH) -> list[UUID]:
    """Return ids of running jobs."""
    rows = sql.execute("select id from equeue.jobs where status = 'running' order by id limit %s", (count,))
    return [row[0] for row in rows]


def claim_facts(**facts: Any) -> dict[str, Any]:
    """Return what a claim of two queues takes."""
    probed = lanes(["q0", "q1"])
    return {
        "limit": BATCH,
        "within": timedelta(seconds=5),
        "lease": timedelta(seconds=30),
        "worker": uuid4(),
        "begun": True,
        "tasks": None,
        "queues": [queue for queue, _ in probed],
        "priorities": [priority for _, priority in probed],
        "after_run_at": [BEFORE_ALL[0]] * len(probed),
        "after_id": [BEFORE_ALL[1]] * len(probed),
    } | facts


def settle_facts(ids: list[UUID]) -> dict[str, Any]:
    """Return what a settlement of failures takes."""
    many = len(ids)
    return {
        "count": many,
        "ids": ids,
        "tokens": [1] * many,
        "results": [None] * many,
        "ran": [timedelta(seconds=1)] * many,
        "statuses": ["queued"] * many,
        "outcomes": ["failed"] * many,
        "delays": [timedelta(seconds=9)] * many,
        "retry_counts": [1] * many,
        "lapse_counts": [0] * many,
        "errors": ['{"type": "E"}'] * many,
        "unless_cancelled": [True] * many,
    }


def expect_keyed(plan: Plan, touched: int) -> None:
    """See that a guarded write found each row by its key, and no other rows; the ids of what runs are a key too."""
    assert plan.indexes() <= {"pk_jobs", "ix_jobs_running"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= touched
    assert plan.pairs_compared() <= touched


def test_a_claim_probes_lanes_and_sorts_nothing(sql: psycopg.Connection[Any], mode: str) -> None:
    """It walks the claim index lane by lane, no further than it needs, past jobs of the future in the first lane."""
    plan = plan_of(sql, statements.CLAIM, claim_facts(), mode=mode)
    assert plan.indexes() == {"ix_jobs_claim", "pk_jobs"}
    assert not plan.sorts()
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 2 * BATCH


def test_a_marked_claim_starts_behind_its_marks(sql: psycopg.Connection[Any], mode: str) -> None:
    """The mark is where the walk through the index begins, and no filter over what was walked."""
    probed = lanes(["q0", "q1"])
    mark = datetime.now(UTC) - timedelta(seconds=1)
    facts = claim_facts(after_run_at=[mark] * len(probed), after_id=[UUID(int=0)] * len(probed))
    plan = plan_of(sql, statements.CLAIM, facts, mode=mode)
    assert not plan.sorts()
    assert plan.rows_touched() <= 2 * BATCH


def test_a_claim_of_named_jobs_finds_them_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """Only the named jobs are looked at."""
    rows = sql.execute("select id from equeue.jobs where status = 'queued' and queue = 'q1' limit 500").fetchall()
    facts = claim_facts(only=[row[0] for row in rows], queues=["q0", "q1"])
    expect_keyed(plan_of(sql, statements.CLAIM_ONLY, facts, mode=mode), 2 * BATCH)


def test_a_heartbeat_finds_jobs_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """However many jobs ran before."""
    ids = held(sql)
    facts = {
        "lease": timedelta(seconds=30),
        "count": len(ids),
        "ids": ids,
        "tokens": [1] * len(ids),
        "begun": [True] * len(ids),
        "progress": [None] * len(ids),
    }
    expect_keyed(plan_of(sql, statements.HEARTBEAT, facts, mode=mode), BATCH)


def test_a_set_of_successes_finds_jobs_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """However many jobs ran before."""
    facts = settle_facts(held(sql)) | {"results": ["1"] * BATCH}
    expect_keyed(plan_of(sql, statements.SUCCEED, facts, mode=mode), BATCH)


def test_a_mixed_set_finds_jobs_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """Once to lock them, once to write them."""
    expect_keyed(plan_of(sql, statements.SETTLE, settle_facts(held(sql)), mode=mode), 2 * BATCH)


def test_looking_back_finds_jobs_and_attempts_by_their_keys(sql: psycopg.Connection[Any], mode: str) -> None:
    """A repeated settlement costs no more than a first one."""
    plan = plan_of(sql, statements.LOOK_BACK, settle_facts(held(sql)), mode=mode)
    expect_keyed(plan, BATCH)


def test_a_lapse_looks_only_at_what_runs(sql: psycopg.Connection[Any], mode: str) -> None:
    """The index of what runs gives the candidates, the primary key the rows to write."""
    plan = plan_of(sql, statements.TAKE_OVER, {"limit": BATCH}, mode=mode)
    assert plan.indexes() <= {"ix_jobs_running", "pk_jobs"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= RUNNING + BATCH


def test_expiry_follows_its_index(sql: psycopg.Connection[Any], mode: str) -> None:
    """Only what has expired is looked at, in that order."""
    plan = plan_of(sql, statements.EXPIRE, {"limit": BATCH}, mode=mode)
    assert plan.indexes() == {"ix_jobs_expiry", "pk_jobs"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 2 * BATCH


def test_what_is_due_is_read_along_the_claim_index(sql: psycopg.Connection[Any], mode: str) -> None:
    """Lane by lane, no further than it needs, past jobs of the future in the first lane."""
    plan = plan_of(sql, DUE, claim_facts(), mode=mode)
    assert plan.indexes() == {"ix_jobs_claim"}
    assert not plan.sorts()
    assert plan.rows_touched() <= BATCH + 20


def test_people_s_moves_find_jobs_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """A guarded change of some jobs looks at no others."""
    expect_keyed(plan_of(sql, CHANGE, change_facts(held(sql)), mode=mode), BATCH)


def test_a_removal_finds_jobs_by_their_key(sql: psycopg.Connection[Any], mode: str) -> None:
    """It looks at no others, and at no attempts but theirs."""
    ids = held(sql)
    facts = {name: value for name, value in change_facts(ids).items() if name in REMOVAL}
    expect_keyed(plan_of(sql, REMOVE, facts, mode=mode), BATCH)


REMOVAL = ("count", "ids", "was_status", "was_token", "was_revision", "was_cancel_requested_at")


def change_facts(ids: list[UUID]) -> dict[str, Any]:
    """Return what a cancel request for running jobs takes."""
    many, now = len(ids), datetime.now(UTC)
    return {
        "count": many,
        "ids": ids,
        "was_status": ["running"] * many,
        "was_token": [1] * many,
        "was_revision": [0] * many,
        "was_cancel_requested_at": [None] * many,
        "statuses": ["running"] * many,
        "queues": ["default"] * many,
        "priorities": [5] * many,
        "run_at": [now] * many,
        "max_retries": [3] * many,
        "retry_counts": [0] * many,
        "lapse_counts": [0] * many,
        "revisions": [1] * many,
        "keeps_start": [True] * many,
        "finished_at": [None] * many,
        "expires_at": [None] * many,
        "cancel_requested_at": [now] * many,
        "cancel_reasons": [None] * many,
        "unique_slots": [None] * many,
        "tags": ["{}"] * many,
        "keeps_progress": [True] * many,
        "payloads": [None] * many,
    }


def test_a_tick_probes_lanes_and_looks_at_what_runs(sql: psycopg.Connection[Any], mode: str) -> None:
    """The next job is the first entry of a lane, the next lapse among what runs."""
    probed = lanes(["q0", "q1"])
    facts = {
        "names": ["lapse"],
        "periods": [timedelta(seconds=1)],
        "queues": [queue for queue, _ in probed],
        "priorities": [priority for _, priority in probed],
    }
    plan = plan_of(sql, TICK, facts, mode=mode)
    assert plan.indexes() == {"ix_jobs_claim", "ix_jobs_running"}
    assert not plan.scans_whole()
    assert plan.rows_touched() <= RUNNING + len(probed)
