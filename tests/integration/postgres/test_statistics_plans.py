"""Looks at figures read rollups and bounded parts of partial indexes, however many jobs there are or ever were."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import Plan, explained
from tests.integration.postgres.test_plans import RUNNING, seed

from equeue.adapters.postgres.live_figures import _SOME_WAITING as SOME_WAITING
from equeue.adapters.postgres.live_figures import DEPTHS, OWN, STUCK
from equeue.adapters.postgres.planning import ALONG_INDEXES
from equeue.adapters.postgres.statistics import COARSEN, FIGURES, FOLD, FORGET
from equeue.adapters.postgres.waiting_queues import WAITING_QUEUES

CAP = 500
OWNER = "00000000-0000-7000-8000-00000000b001"


@pytest.fixture(scope="module", params=["stale statistics", "fresh statistics"])
def sql(request: pytest.FixtureRequest, server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of more than 100,000 jobs, and of a month of hours and a day of minutes."""
    analyse = "analyze equeue.jobs;"
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (autovacuum_enabled = off)")
        stale = request.param == "stale statistics"
        connection.execute(seed(early=analyse, late="" if stale else analyse).encode())
        connection.execute(HISTORY)
        yield connection


HISTORY = b"""
insert into equeue.stats_rollups (at, period, queue, task, user_id, succeeded)
  select date_bin('1 minute', now(), '1970-01-01 00:00:00+00') - g * interval '1 minute', 'minute', 'q' || q, 't',
    '00000000-0000-0000-0000-000000000000', 1
  from generate_series(1, 1440) as g, generate_series(1, 5) as q;
insert into equeue.stats_rollups (at, period, queue, task, user_id, succeeded)
  select date_bin('1 hour', now(), '1970-01-01 00:00:00+00') - g * interval '1 hour', 'hour', 'q' || q, 't',
    '00000000-0000-0000-0000-000000000000', 1
  from generate_series(26, 2000) as g, generate_series(1, 5) as q;
insert into equeue.jobs (task, user_id, created_at)
  select 't', '00000000-0000-7000-8000-00000000b001', now() - g * interval '1 s' from generate_series(1, 2000) as g;
analyze equeue.stats_rollups;
"""


def look(sql: psycopg.Connection[Any], statement: str, **facts: Any) -> Plan:
    """Return the plan of a look, made as the adapter makes it."""
    words = re.sub(r"(?<!:):([a-z]+)", r"%(\1)s", statement.replace("%", "%%"))
    with sql.transaction(force_rollback=True):
        sql.execute(str(ALONG_INDEXES).encode())
        return explained(sql, words, facts)


@pytest.mark.parametrize("waiting", [WAITING_QUEUES, SOME_WAITING], ids=["all", "some"])
def test_depths_end_at_their_cap(sql: psycopg.Connection[Any], waiting: str) -> None:
    """Three counts of each queue and priority, and what runs; nothing that has ended is seen."""
    within = "true" if waiting == WAITING_QUEUES else "queue = any(cast(:queues as text[]))"
    plan = look(sql, DEPTHS.format(waiting=waiting, within=within), cap=CAP, queues=["q0", "q1"])
    assert not plan.scans_whole()
    assert plan.indexes() == {"ix_jobs_claim", "ix_jobs_running", "ix_jobs_retrying"}
    assert plan.rows_touched() <= 3 * 3 * (CAP + 1) + (CAP + 1) + 100


def test_a_persons_depths_are_those_of_the_newest_jobs(sql: psycopg.Connection[Any]) -> None:
    """However many there are."""
    plan = look(sql, OWN.format(waiting="", within="true"), cap=CAP, owner=OWNER)
    assert plan.indexes() == {"ix_jobs_user_id_created_at"}
    assert 0 < plan.rows_touched() <= CAP + 1


def test_what_is_stuck_is_found_among_what_runs(sql: psycopg.Connection[Any]) -> None:
    """And nowhere else."""
    plan = look(sql, STUCK.format(where="true"), limit=20)
    assert plan.indexes() == {"ix_jobs_running"}
    assert plan.rows_touched() <= RUNNING


def test_figures_are_read_from_the_rollups_of_their_span(sql: psycopg.Connection[Any]) -> None:
    """No job is looked at, nor a minute before the hour that is asked for."""
    now = datetime.now(UTC)
    facts = {"step": timedelta(minutes=1), "start": now - timedelta(hours=1), "end": now}
    plan = look(sql, FIGURES.format(where="true"), **facts)
    assert plan.rows_touched() == 0
    assert plan.indexes("stats_rollups") <= {"pk_stats_rollups"}
    assert plan.rows_touched("stats_rollups") <= 5 * 61


@pytest.mark.parametrize("statement", [FOLD, COARSEN, FORGET], ids=["fold", "coarsen", "forget"])
def test_passes_look_at_what_they_put_away(sql: psycopg.Connection[Any], statement: Any) -> None:
    """No job, and of what is kept for long no more than its beginning."""
    plan = look(sql, str(statement), limit=100)
    assert plan.rows_touched() == 0
    assert not plan.scans_whole("stats_rollups")
