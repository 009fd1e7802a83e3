"""A filter that no index serves looks at a window of jobs and no more, whatever it says."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import Plan
from tests.integration.postgres.test_read_plans import plan_of_page

from equeue.adapters.postgres.looking import LOOKED_INTO, Turn, places_query
from equeue.adapters.postgres.reads import DEEP_COUNT, count_query, count_window, outline_query
from equeue.application.ports.outline import Outline
from equeue.application.ports.reads import JobFilter
from equeue.domain.filter_text import read
from equeue.domain.status import JobStatus

JOBS = 100_000
WINDOW = 2_000
OWNER = UUID("00000000-0000-7000-8000-00000000b001")
LARGE = 60

SEED = f"""
insert into equeue.jobs (task, queue, status, finished_at, created_at, user_id, lease_token, attempt, tags, payload)
  select case when g % 50000 = 0 then 'rare' else 't' end, case when g % 50000 = 0 then 'rare' else 'q' || g % 5 end,
    'succeeded', now(), now() - g * interval '1 s',
    case when g % 10 = 0 then '{OWNER}' else gen_random_uuid() end, 1, 1,
    case when g % 1000 = 0 then '{{vip}}'::text[] else '{{}}' end, jsonb_build_object('user', g % 100)
  from generate_series(1, {JOBS}) as g;
insert into equeue.jobs (task, status, finished_at, error, created_at, lease_token, attempt)
  select 't', 'dead', now(), jsonb_build_object('type', 'E', 'message', 'm' || g, 'fingerprint', 'f' || g % 100),
    now() - g * interval '1 s', 1, 1
  from generate_series(1, 20000) as g;
insert into equeue.jobs (task, queue, created_at, payload)
  select 't', 'large', now() - g * interval '1 s',
    jsonb_build_object('x', (select string_agg(md5((g * 10000 + n)::text), '') from generate_series(1, 20000) as n))
  from generate_series(1, {LARGE}) as g;
analyze equeue.jobs;
"""

LOOKING = (
    "queue:rare",
    "task:rare status:succeeded",
    "queue:q1",
    "queue:none* OR task:none*",
    "tag:vip",
    "-tag:vip -queue:q1",
    "priority:9",
    "error:E2 status:dead",
    "fingerprint:f1* status:dead",
    "fingerprint:f1,f2 priority:1",
    "worker:00000000-0000-7000-8000-00000000a001",
    "finished:<-1d created:>-20h",
    "status:dead OR (status:succeeded tag:vip)",
)
DEEP = ("payload.user:7", 'error~"m19" status:dead', "payload.user:1..2 payload.none:1 -payload.user:1")


@pytest.fixture(scope="module")
def sql(server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED.encode())
        yield connection


def outlined(text: str, owner: UUID | None = None, globs: tuple[str, ...] = ()) -> Outline:
    """Return how a filter is gone about now."""
    where = JobFilter(owner, queue_globs=globs, condition=read(text))
    return Outline.of(where.at(datetime.now(UTC)))


def looked(sql: psycopg.Connection[Any], outline: Outline, *, oldest_first: bool = False) -> Plan:
    """Return the plan of one look."""
    assert outline.looks
    return plan_of_page(sql, places_query(outline, Turn(51, None, oldest_first), WINDOW))


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
@pytest.mark.parametrize("text", [*LOOKING, *DEEP])
def test_a_look_ends_with_its_window(sql: psycopg.Connection[Any], text: str, order: str) -> None:
    """In each status a window of places, and of those merged a window of jobs, weighed and looked at by their keys."""
    outline = outlined(text)
    plan = looked(sql, outline, oldest_first=order == "oldest first")
    branches = len(outline.causes or outline.statuses)
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (branches + 1 + bool(outline.depth)) * (WINDOW + 1)


@pytest.mark.parametrize(
    ("owner", "globs"), [(OWNER, ()), (OWNER, ("q1",)), (None, ("rare",))], ids=["owner", "owner and globs", "globs"]
)
@pytest.mark.parametrize("text", ["queue:rare", "status:dead", "payload.user:7"])
def test_a_confined_look_ends_with_its_window(
    sql: psycopg.Connection[Any], text: str, owner: UUID | None, globs: tuple[str, ...]
) -> None:
    """Also for who sees few jobs of many."""
    plan = looked(sql, outlined(text, owner, globs))
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (len(JobStatus) + 2) * (WINDOW + 1)


@pytest.mark.parametrize("text", ["id:{ids}", "fingerprint:f7", "created:-2h..-1h", "created:>-1h status:succeeded"])
def test_what_an_index_serves_needs_no_window(sql: psycopg.Connection[Any], text: str) -> None:
    """A page of it looks at little more than it shows, from wherever it begins."""
    ids = ",".join(str(row[0]) for row in sql.execute("select id from equeue.jobs limit 20"))
    outline = outlined(text.format(ids=ids))
    assert not outline.looks
    plan = plan_of_page(sql, outline_query(outline, Turn(51, None, oldest_first=False)))
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (len(JobStatus) + 2) * 52


def test_large_documents_make_a_window_smaller(sql: psycopg.Connection[Any]) -> None:
    """So many bytes are looked into, not so many jobs; the look says that more follow."""
    outline = outlined("payload.x:1 status:queued")
    stored = sql.execute("select sum(pg_column_size(payload)) from equeue.jobs where queue = 'large'").fetchone()
    assert stored is not None
    assert stored[0] > LOOKED_INTO
    plan = looked(sql, outline)
    looks = [node for node in plan.nodes() if node.get("Alias") == "jobs" and node["Actual Loops"] > 1]
    assert min(node["Actual Loops"] for node in looks) < LARGE / 2


@pytest.mark.parametrize("text", [*LOOKING, *DEEP])
def test_a_count_ends_with_its_window(sql: psycopg.Connection[Any], text: str) -> None:
    """In each status by itself."""
    outline = outlined(text)
    plan = plan_of_page(sql, count_query(outline, 10_001))
    most = min(count_window(outline), JOBS)
    assert plan.rows_touched() <= most + 20_000 + LARGE + 100
    assert not outline.depth or most == DEEP_COUNT // outline.depth
