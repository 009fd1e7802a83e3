"""A filter that no index serves looks at a window of jobs and no more, whatever it says and whatever is believed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import servers
from tests.integration.postgres.plans import Plan, plan_of_look

from equeue.adapters.postgres.count_within import count_query, count_window
from equeue.adapters.postgres.looking import LOOKED_INTO, Turn, places_query
from equeue.adapters.postgres.queues import NAMES, NAMES_FOR
from equeue.adapters.postgres.reads import outline_query
from equeue.application.ports.outline import Outline
from equeue.application.ports.queues import OWN_LOOKED_AT
from equeue.application.ports.reads import JobFilter
from equeue.domain.filter_text import read
from equeue.domain.status import JobStatus

JOBS = 100_000
DEAD = 20_000
WAITING = 10_000
WINDOW = 2_000
PAGE = 51
CAP = 10_001
FEW = 2 * len(JobStatus) + 2
"""So many rows a merge may read ahead."""
OWNER = UUID("00000000-0000-7000-8000-00000000b001")
LARGE = 60

EARLY = """
alter table equeue.jobs set (autovacuum_enabled = off);
insert into equeue.jobs (task, tags, payload) select 't', '{x}', '{"user": 1}' from generate_series(1, 1000);
analyze equeue.jobs;
delete from equeue.jobs;
"""
"""Statistics of an hour when all was queued and nothing had died."""
SEED = f"""
insert into equeue.jobs (task, queue, status, finished_at, created_at, user_id, lease_token, attempt, tags, payload)
  select case when g % 50000 = 0 then 'rare' else 't' end, case when g % 50000 = 0 then 'rare' else 'q' || g % 5 end,
    'succeeded', now(), now() - g * interval '1 s',
    case when g % 10 = 0 then '{OWNER}' else gen_random_uuid() end, 1, 1,
    array['all'] || case when g % 1000 = 0 then '{{vip}}'::text[] else '{{}}' end, jsonb_build_object('user', g % 100)
  from generate_series(1, {JOBS}) as g;
insert into equeue.jobs (task, status, finished_at, error, created_at, lease_token, attempt)
  select 't', 'dead', now(), jsonb_build_object('type', 'E', 'message', 'm' || g, 'fingerprint', 'f' || g % 100),
    now() - interval '5 h', 1, 1
  from generate_series(1, {DEAD}) as g;
insert into equeue.jobs (task, queue, created_at, payload)
  select 't', 'large', now() - g * interval '1 s',
    jsonb_build_object('x', (select string_agg(md5((g * 10000 + n)::text), '') from generate_series(1, 20000) as n))
  from generate_series(1, {LARGE}) as g;
insert into equeue.jobs (task, queue, created_at)
  select 't', 'w' || g % 3, now() - interval '2 days' - g * interval '1 s' from generate_series(1, {WAITING}) as g;
"""

LOOKING = (
    "queue:rare",
    "task:rare status:succeeded",
    "queue:q1",
    "queue:none* OR task:none*",
    "tag:all",
    "tag:vip",
    "tag:none",
    "tag:none,vip,no*",
    "-tag:vip -queue:q1",
    "status:succeeded tag:vip",
    "status:dead tag:none",
    "status:dead,queued tag:none",
    "task:t tag:none",
    "created:-20h..-5h tag:none",
    "created:<-4h tag:none",
    "priority:9",
    "error:E2 status:dead",
    "fingerprint:f1* status:dead",
    "fingerprint:f1,f2 priority:1",
    "worker:00000000-0000-7000-8000-00000000a001",
    "finished:<-1d created:>-20h",
    "status:dead OR (status:succeeded tag:vip)",
)
DEEP = (
    "payload.user:7",
    "payload.user:none",
    "queue:q1 payload.user:7",
    "status:dead payload.user:7",
    "created:<-4h payload.none:1",
    "tag:vip payload.user:7",
    'error~"m19" status:dead',
    "payload.user:1..2 payload.none:1 -payload.user:1",
)


@pytest.fixture(scope="module", params=["stale statistics", "fresh statistics"])
def sql(request: pytest.FixtureRequest, server: servers.Server, template: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a database of many jobs, of which the dead were all created at one instant."""
    with server.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(EARLY)
        connection.execute(SEED.encode())
        if request.param == "fresh statistics":
            connection.execute("analyze equeue.jobs")
        yield connection


def outlined(text: str, owner: UUID | None = None, globs: tuple[str, ...] = ()) -> Outline:
    """Return how a filter is gone about now."""
    where = JobFilter(owner, queue_globs=globs, condition=read(text) if text else None)
    return Outline.of(where.at(datetime.now(UTC)))


def looked(sql: psycopg.Connection[Any], outline: Outline, *, oldest_first: bool = False) -> Plan:
    """Return the plan of one look."""
    assert outline.looks
    return plan_of_look(sql, places_query(outline, Turn(PAGE, None, oldest_first), WINDOW))


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
@pytest.mark.parametrize("text", [*LOOKING, *DEEP])
def test_a_look_ends_with_its_window(sql: psycopg.Connection[Any], text: str, order: str) -> None:
    """Over all statuses together a window of jobs is looked at, once more through their keys if into documents."""
    outline = outlined(text)
    plan = looked(sql, outline, oldest_first=order == "oldest first")
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (1 + bool(outline.depth)) * WINDOW + FEW


@pytest.mark.parametrize("text", ["tag:all", "-tag:vip", "status:dead error:E", "task:t queue:q1,q2"])
def test_a_look_ends_with_its_page(sql: psycopg.Connection[Any], text: str) -> None:
    """What many jobs have fills a page soon, and nothing behind it is looked at."""
    assert looked(sql, outlined(text)).rows_touched() <= 4 * PAGE + LARGE


@pytest.mark.parametrize(
    ("owner", "globs"), [(OWNER, ()), (OWNER, ("q1",)), (None, ("rare",))], ids=["owner", "owner and globs", "globs"]
)
@pytest.mark.parametrize("text", ["queue:rare", "tag:none", "status:dead", "payload.user:none"])
def test_a_confined_look_ends_with_its_window(
    sql: psycopg.Connection[Any], text: str, owner: UUID | None, globs: tuple[str, ...]
) -> None:
    """Also for who sees few jobs of many."""
    outline = outlined(text, owner, globs)
    plan = looked(sql, outline)
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (1 + bool(outline.depth)) * WINDOW + FEW


@pytest.mark.parametrize(
    "text", ["", "status:dead", "id:{ids}", "fingerprint:f7", "created:-2h..-1h", "created:>-1h status:succeeded"]
)
def test_what_an_index_serves_needs_no_window(sql: psycopg.Connection[Any], text: str) -> None:
    """A page of it looks at little more than it shows, from wherever it begins, also among jobs of one instant."""
    ids = ",".join(str(row[0]) for row in sql.execute("select id from equeue.jobs limit 20"))
    outline = outlined(text.format(ids=ids))
    assert not outline.looks
    plan = plan_of_look(sql, outline_query(outline, Turn(PAGE, None, oldest_first=False)))
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 2 * PAGE + FEW


def test_large_documents_make_a_window_smaller(sql: psycopg.Connection[Any]) -> None:
    """So many bytes are looked into, not so many jobs; the look and the count say that more follow."""
    outline = outlined("payload.x:1 status:queued")
    stored = sql.execute("select sum(pg_column_size(payload)) from equeue.jobs where queue = 'large'").fetchone()
    assert stored is not None
    assert stored[0] > LOOKED_INTO
    for asked in (places_query(outline, Turn(PAGE, None, oldest_first=False), WINDOW), count_query(outline, CAP)):
        plan = plan_of_look(sql, asked)
        keyed = [node for node in plan.nodes() if node.get("Index Name") == "pk_jobs"]
        assert 0 < sum(node["Actual Loops"] for node in keyed) < LARGE / 2


@pytest.mark.parametrize("owner", [None, OWNER], ids=["all", "one owner"])
@pytest.mark.parametrize("text", ["", "status:succeeded", *LOOKING, *DEEP])
def test_a_count_ends_with_its_window(sql: psycopg.Connection[Any], text: str, owner: UUID | None) -> None:
    """In each status by itself, and in all together; or at the cap, where an index finds all."""
    outline = outlined(text, owner)
    plan = plan_of_look(sql, count_query(outline, CAP))
    branches = len(outline.causes or outline.statuses) if owner is None or outline.causes else 1
    assert not plan.scans_whole()
    assert plan.rows_touched() <= (1 + bool(outline.depth)) * branches * count_window(outline, CAP) + FEW
    assert branches * count_window(outline, CAP) <= 5 * CAP


def test_queues_are_named_by_a_probe_each(sql: psycopg.Connection[Any]) -> None:
    """However many jobs wait there; a person's own are looked at as far as a bound."""
    plan = plan_of_look(sql, NAMES)
    assert not plan.scans_whole()
    assert plan.rows_touched() <= 10
    own = plan_of_look(sql, NAMES_FOR.bindparams(owner=OWNER))
    assert not own.scans_whole()
    assert own.rows_touched() <= OWN_LOOKED_AT
