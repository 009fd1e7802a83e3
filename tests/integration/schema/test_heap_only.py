"""Heartbeats touch no index."""

import psycopg

FILL = "insert into equeue.jobs (task) select 'a.b' from generate_series(1, 6000)"
CLAIM = """
    update equeue.jobs set status = 'running', attempt = 1, lease_token = 1, lease_expires_at = now(),
      worker_id = gen_random_uuid()
    where id in (select id from (select id, row_number() over (order by id) place from equeue.jobs) due
      where place % 15 = 0)
"""
BEAT = """
    update equeue.jobs set lease_expires_at = clock_timestamp(), started_at = coalesce(started_at, now()),
      progress = '{"done": 1}'
    where (status = 'running') is true
"""
HEAP_ONLY = "select pg_stat_get_xact_tuples_hot_updated('equeue.jobs'::regclass)"
BEATS = 400


def _heap_only(connection: psycopg.Connection) -> int:
    """Let one job in fifteen, two on a page, be claimed and beat; return how many beats were heap-only updates.

    So few find room without anything being tidied up before, which the server does when it sees fit.
    """
    connection.execute(FILL)
    connection.execute(CLAIM)
    with connection.transaction():
        before = connection.execute(HEAP_ONLY).fetchone()
        assert connection.execute(BEAT).rowcount == BEATS
        after = connection.execute(HEAP_ONLY).fetchone()
    assert before is not None
    assert after is not None
    return int(after[0] - before[0])


def test_heartbeats_are_heap_only(each_database_url: str) -> None:
    """A beat with progress stays on its page: the index entries of a job are its transitions' work alone."""
    with psycopg.connect(each_database_url, autocommit=True) as connection:
        assert _heap_only(connection) >= 0.99 * BEATS


def test_heartbeats_need_the_room(each_database_url: str) -> None:
    """Without the room that the table keeps they would mostly not be."""
    with psycopg.connect(each_database_url, autocommit=True) as connection:
        connection.execute("alter table equeue.jobs set (fillfactor = 100)")
        assert _heap_only(connection) < BEATS / 2
