"""The bare loop, the limit of any worker: claim 1,000 and complete them, on one connection, without a handler.

One table changed in place, with the four indexes that a job table needs here: by status, by status and time, by user
and time, and what is claimable. `python -m bench.worker.bare install | work URL`; `work` prints jobs and seconds.
"""

import asyncio
import json
import sys
import time
from typing import LiteralString

import psycopg
import uvloop

BATCH = 1_000
TABLE: LiteralString = """
create table jobs (
  id bigint generated always as identity primary key,
  queue text not null default 'bench',
  priority smallint not null default 0,
  status smallint not null default 0,
  attempt smallint not null default 0,
  max_attempts smallint not null default 5,
  user_id bigint not null default 1,
  task text not null,
  payload jsonb not null,
  result jsonb,
  error text,
  worker_id integer,
  created_at timestamptz not null default now(),
  run_at timestamptz not null default now(),
  started_at timestamptz,
  lease_until timestamptz,
  finished_at timestamptz
);
create index on jobs (status);
create index on jobs (status, created_at);
create index on jobs (user_id, created_at);
create index on jobs (queue, priority, run_at, id) where status = 0
"""
CLAIM: LiteralString = """
update jobs set status = 1, attempt = attempt + 1, worker_id = 1, started_at = now(),
  lease_until = now() + interval '30 s'
where id = any(array(
  select id from jobs where status = 0 and queue = 'bench' and run_at <= now()
  order by priority, run_at, id limit %b for update skip locked))
returning id, task, attempt, payload
"""
# the sum keeps the planner from the index by status, whose statistics may say that nothing runs
COMPLETE: LiteralString = """
update jobs set status = 2, finished_at = now(), lease_until = null, result = 'null'
where id = any(%b::bigint[]) and worker_id = 1 and status + 0 = 1
"""


async def work(url: str) -> tuple[int, float]:
    """Claim and complete until nothing is left; return jobs and seconds."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=0)
    done = 0
    async with connection:
        cursor = connection.cursor(binary=True)
        begin = time.perf_counter()
        while rows := await (await cursor.execute(CLAIM, (BATCH,))).fetchall():
            await cursor.execute(COMPLETE, ([row[0] for row in rows],))
            done += cursor.rowcount
        return done, time.perf_counter() - begin


def main() -> None:
    """Do what the command line says."""
    verb, url, *_ = sys.argv[1:]
    if verb == "install":
        with psycopg.connect(url) as connection:
            connection.execute(TABLE)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(work(url)), sys.stdout)


if __name__ == "__main__":
    main()
