"""What an autoscaler is told by PostgreSQL: enough, and never more work than a bound."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from equeue.adapters.postgres.scaling_function import SCALING_FUNCTION

RUN = """
    update equeue.jobs set status = 'running', lease_token = 1, attempt = 1, started_at = now(),
      worker_id = gen_random_uuid(), lease_expires_at = now() + interval '1 day'
    where id = any(array(select id from equeue.jobs where queue = %(queue)s order by id limit %(rows)s))
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """Give a connection to a database with jobs in three queues, some of them running, some of the future."""
    with psycopg.connect(database_url, autocommit=True) as opened:
        fill = "insert into equeue.jobs (task, queue, priority, run_at) select 'a', %s, n %% 10, now() + %s"
        for queue, after, rows in (("mail", "0 s", 30), ("mail", "1 h", 500), ("reports", "0 s", 3_000)):
            opened.execute(f"{fill} from generate_series(1, %s) as n", (queue, after, rows))
        opened.execute(RUN, {"queue": "mail", "rows": 7})
        yield opened


@pytest.mark.parametrize(
    ("queues", "most", "told"),
    [
        (["mail"], 1_000, 30),
        (["mail", "reports"], 1_000, 1_007),
        (["reports"], None, 500),
        (["reports"], 100, 100),
        (["nobody"], 1_000, 0),
        ([], 1_000, 0),
        (["mail"], -1, 2),
        (["reports"], 2_000_000_000, 3_000),
    ],
)
def test_it_counts_what_is_due_and_what_runs(
    connection: psycopg.Connection, queues: list[str], most: int, told: int
) -> None:
    """Jobs of the future are none, running ones are: busy workers must not be taken away. Each up to the bound."""
    asked = "%s" if most is None else "%s, %s"
    answer = connection.execute(
        f"select equeue.jobs_to_scale_for({asked})", (queues, most)[: asked.count("%s")]
    ).fetchone()

    assert answer == (told,)


def test_it_reads_no_more_than_its_bound(connection: psycopg.Connection) -> None:
    """However many jobs wait, the indexes are walked to the bound and not further, whatever the planner thinks."""
    connection.execute("analyze equeue.jobs")
    for setting, value in re.findall(r"set (enable_\w+|jit) = (\w+)", SCALING_FUNCTION):
        connection.execute(f"set {setting} = {value}")
    body = SCALING_FUNCTION.split("$$")[1].replace("queues", "array['reports', 'mail']").replace("most", "200")
    (plan,) = connection.execute(f"explain (analyze, format json) {body}").fetchone() or (None,)
    scans = list(_nodes(plan[0]["Plan"]))
    walked = {node["Index Name"]: node["Actual Rows"] * node["Actual Loops"] for node in scans if "Index Name" in node}

    assert set(walked) == {"ix_jobs_claim", "ix_jobs_running"}
    assert all(rows <= 200 for rows in walked.values())
    assert not any("Bitmap" in node["Node Type"] or node["Node Type"] == "Seq Scan" for node in scans)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
