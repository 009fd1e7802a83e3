"""What the database counts by itself: inserts of anybody, and durations in the buckets of the domain."""

from datetime import timedelta

import psycopg

from equeue.domain.histogram import EDGES, bucket_of

TOLD = "select queue, task, enqueued, date_bin('1 minute', at, '2000-01-01 00:00:00+00') = at from equeue.stats_changes"


def test_durations_fall_into_the_same_buckets(database: psycopg.Connection) -> None:
    """At every edge, a microsecond before it, beyond the last and below nothing."""
    tiny = timedelta.resolution
    durations = [near for edge in EDGES for near in (edge - tiny, edge, edge + tiny)]
    durations += [timedelta(0), -timedelta(days=3), timedelta(days=900), timedelta(days=31), timedelta(hours=25)]
    asked = "select duration, equeue.duration_bucket(duration) from unnest(%s::interval[]) as duration"
    found = database.execute(asked, (durations,)).fetchall()
    assert found == [(duration, bucket_of(duration)) for duration in durations]
    database.rollback()


def test_a_producer_who_may_only_insert_is_counted(database_url: str) -> None:
    """Plain SQL needs no right to the figures, and no path of its own turns what counts them."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("create role counted_producer")
        try:
            connection.execute("grant usage on schema equeue to counted_producer")
            connection.execute("grant insert on equeue.jobs to counted_producer")
            with connection.transaction():
                connection.execute("set local role counted_producer")
                connection.execute("create temp table stats_changes (at text)")
                connection.execute("insert into equeue.jobs (task, queue) select 'a.b', 'q' from generate_series(1, 3)")
            assert connection.execute(TOLD).fetchall() == [("q", "a.b", 3, True)]
        finally:
            connection.execute("drop owned by counted_producer")
            connection.execute("drop role counted_producer")


def test_one_statement_is_one_change_a_queue_and_task(database_url: str) -> None:
    """A thousand rows are told in as many rows as they have queues and tasks; none for nothing."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into equeue.jobs (task, queue) select 'a.b', 'q' || n % 2 from generate_series(1, 1000) n"
        )
        connection.execute("insert into equeue.jobs (task) select 'a.b' where false")
        assert sorted(connection.execute(TOLD).fetchall()) == [("q0", "a.b", 500, True), ("q1", "a.b", 500, True)]


def test_jobs_count_in_the_minute_of_their_birth(database_url: str) -> None:
    """Also those that are brought from elsewhere with a past of their own; a birth to come counts now."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("insert into equeue.jobs (task, created_at) values ('a.b', '2020-02-02 02:02:02+00')")
        connection.execute("insert into equeue.jobs (task, created_at) values ('a.b', 'infinity')")
        found = connection.execute(
            "select at < '2020-02-02 02:02:01+00', at > now() from equeue.stats_changes"
        ).fetchall()
        assert sorted(found) == [(False, False), (True, False)]
