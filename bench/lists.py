"""How long lists, counts and single jobs take over HTTP with a million jobs in the table: `python -m bench.lists`.

The jobs are of mixed statuses, queues, tasks, tags and payloads; what is asked for is common, rare or absent, alone and
together. All that died was created at one instant, as by one INSERT. One client asks, one request after the other.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from http.client import HTTPConnection
from urllib.parse import quote

import psycopg

from bench import servers
from bench.http import Contender, serving
from equeue.adapters.postgres.dead_letters import PostgresDeadLetters
from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.statistics import PostgresStatistics

GOAL_MS = 200
SEED = """
insert into equeue.jobs (task, queue, status, created_at, run_at, started_at, finished_at, user_id, worker_id,
  lease_token, attempt, lease_expires_at, tags, payload, error, result)
select case when g %% 300000 = 11 then 'task.rare' else 'task.t' || (power(random(), 3) * 20)::int end,
  case when g %% 300000 = 7 then 'rare' else 'q' || (power(random(), 3) * 20)::int end,
  s.status::equeue.job_status, t.at, t.at, case when s.status <> 'queued' then t.at end,
  case when s.status in ('succeeded', 'dead', 'cancelled') then t.at + interval '1 s' end,
  md5((g %% 50)::text)::uuid,
  case when s.status <> 'queued' then gen_random_uuid() end,
  case when s.status = 'queued' then 0 else 1 end, case when s.status = 'queued' then 0 else 1 end,
  case when s.status = 'running' then now() + interval '1 h' end,
  case when g %% 2 = 0 then '{half}'::text[] else '{}' end || case when g %% 1000 = 1 then '{vip}'::text[] else '{}' end
    || case when g = %(jobs)s - 5 then '{oldest}'::text[] else '{}' end,
  jsonb_build_object('user', jsonb_build_object('id', g %% 5000), 'order', g, 'note', repeat(md5(g::text), 4)),
  case when s.status = 'dead' then
    jsonb_build_object('type', 'E' || g %% 7, 'message', 'm' || g, 'fingerprint', 'f' || g %% 100) end,
  case when s.status = 'succeeded' then '{"ok": true}'::jsonb end
from generate_series(1, %(jobs)s) as i
cross join lateral (select %(jobs)s - i as g, random() as r) as d
cross join lateral (
  select case
    when r < 0.03 then 'dead'
    when r < 0.05 then 'cancelled'
    when r < 0.08 then 'queued'
    when r < 0.081 then 'running'
    else 'succeeded' end as status
) as s
cross join lateral (
  select now() - case when s.status = 'dead' then interval '1 day' else g * interval '0.6 s' end as at
) as t
"""
FILTERS = (
    "status:dead",
    "created:<-3d",
    "tag:half",
    "tag:vip",
    "tag:oldest",
    "tag:none",
    "queue:q0",
    "queue:rare",
    "task:task.rare",
    "payload.user.id:77",
    "payload.user.id:none",
    "status:dead tag:vip",
    "status:dead payload.user.id:77",
    'status:dead error~"m77"',
    "queue:q0 payload.user.id:none",
    "task:task.t3 tag:none",
    "created:-5d..-3d tag:none",
    "-tag:half priority:9",
)


def paths(job_id: str) -> dict[str, str]:
    """Return what is asked for, by its name in the table."""
    asked = {
        "overview": "/stats/overview",
        "job": f"/jobs/{job_id}",
        "its explanation": f"/jobs/{job_id}/explain",
        "names of queues": "/filters/suggest?q=queue:&position=6",
        "list": "/jobs",
        "list, oldest first": "/jobs?sort=created_at",
        "count": "/jobs/count",
    }
    for text in FILTERS:
        asked[f"list {text}"] = f"/jobs?q={quote(text)}"
        asked[f"count {text}"] = f"/jobs/count?q={quote(text)}"
    return asked


async def fold(url: str) -> None:
    """Put together what the triggers counted, as maintenance does all the time."""
    engine = create_engine(url)
    for counted in (PostgresStatistics(engine), PostgresDeadLetters(engine)):
        while await counted.fold(1_000):
            pass
    await engine.dispose()


def fill(url: str, jobs: int) -> str:
    """Fill a database, and return the id of a dead job."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEED.encode(), {"jobs": jobs})
        asyncio.run(fold(url))
        connection.execute("vacuum (analyze)")
        (job_id,) = connection.execute("select id from equeue.jobs where status = 'dead' limit 1").fetchone() or ("",)
    return str(job_id)


def timed(api: Contender, path: str, times: int) -> list[float]:
    """Return how long each of some answers took, in milliseconds; the first one is not counted."""
    connection = HTTPConnection("127.0.0.1", api.port, timeout=60)
    took = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        connection.request("GET", f"/api/v1{path}", headers={"authorization": f"Bearer {api.key}"})
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - begin) * 1_000)
        if answer.status != 200:
            raise ValueError(f"{path}: {answer.status} {body.decode()}")
    connection.close()
    return took[1:]


def main() -> int:
    """Measure on the newest version; the exit status says whether the goal is met."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=20)
    given = options.parse_args()
    version, binaries = next(iter(servers.versions().items()))
    slow, load = [], os.getloadavg()[0]
    with servers.running(binaries) as server:
        url = servers.migrated(server, "bench_lists")
        job_id = fill(url, given.jobs)
        told = f"{version}, {given.jobs:,} jobs, {given.times} answers each, load {load:.1f} before"
        print(f"{told}\n\n| GET | p50 ms | p95 ms |\n|---|---|---|")
        with serving("equeue", url, "viewer") as api:
            for name, path in paths(job_id).items():
                took = timed(api, path, given.times)
                late = statistics.quantiles(took, n=20)[18]
                slow += [name] if late > GOAL_MS else []
                print(f"| {name} | {statistics.median(took):.1f} | {late:.1f} |", flush=True)
    print(f"\nover {GOAL_MS} ms: {', '.join(slow) or 'none'}")
    return 3 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
