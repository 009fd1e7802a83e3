"""Heartbeats touch no index."""

from uuid import UUID

import psycopg

HEAP_ONLY = "select pg_stat_get_xact_tuples_hot_updated('equeue.jobs'::regclass)"
CLAIM = """
    update equeue.jobs set status = 'running', attempt = 1, lease_token = 1, lease_expires_at = now(),
      worker_id = gen_random_uuid()
    where id in (select id from equeue.jobs where (status = 'queued') is true order by id limit 20)
    returning id
"""
BEAT = """
    update equeue.jobs set lease_expires_at = clock_timestamp(), started_at = coalesce(started_at, now()),
      progress = '{"done": 1}'
    where id = any(%s)
"""
WORKERS, JOBS = 25, 20
ENOUGH = 0.75
"""Of the first beats, which find the least room: 0.82 with what the table keeps free, 0.68 to 0.71 without."""


def _share_of_heap_only(connection: psycopg.Connection) -> float:
    """Let some workers claim jobs and then beat once; return the share of heap-only beats."""
    connection.execute("insert into equeue.jobs (task) select 'a.b' from generate_series(1, 5000)")
    held = [[job for (job,) in connection.execute(CLAIM)] for _ in range(WORKERS)]
    return sum(_heap_only(connection, jobs) for jobs in held) / (WORKERS * JOBS)


def _heap_only(connection: psycopg.Connection, jobs: list[UUID]) -> int:
    """Beat for some jobs; return how many of the updates were heap-only by the transaction's own count."""
    with connection.transaction():
        before = connection.execute(HEAP_ONLY).fetchone()
        connection.execute(BEAT, [jobs])
        after = connection.execute(HEAP_ONLY).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0] - before[0])


def test_heartbeats_are_heap_only(each_database_url: str) -> None:
    """Most beats, even the first, stay on their page: the index entries of a job are its transitions' work."""
    with psycopg.connect(each_database_url, autocommit=True) as connection:
        assert _share_of_heap_only(connection) > ENOUGH


def test_heartbeats_need_the_room(each_database_url: str) -> None:
    """Without the room that the table keeps, fewer of the same beats are."""
    with psycopg.connect(each_database_url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (fillfactor = 100)")
        assert _share_of_heap_only(connection) < ENOUGH
