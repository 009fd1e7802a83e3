"""What SQL alone can do with the schema."""

import uuid
from datetime import UTC, datetime

import psycopg


def test_plain_insert_needs_only_a_task(each_database_url: str) -> None:
    """A job can be enqueued by an INSERT that names a task; it is queued, due now, with every default set."""
    with psycopg.connect(each_database_url) as connection:
        row = connection.execute("""
            insert into equeue.jobs (task) values ('a.b')
            returning status::text, queue, payload, priority, max_retries, timeout_s, tags, run_at = now(), attempt
        """).fetchone()
    assert row == ("queued", "default", {}, 5, 3, 300, [], True, 0)


def test_ids_of_plain_inserts_are_version_7(each_database_url: str) -> None:
    """The database's own ids carry the millisecond of their making, version and variant, and do not repeat."""
    with psycopg.connect(each_database_url) as connection:
        rows = connection.execute("""
            select extract(epoch from clock_timestamp()) * 1000, equeue.uuid7(),
              extract(epoch from clock_timestamp()) * 1000
            from generate_series(1, 10000)
        """).fetchall()
    ids: list[uuid.UUID] = [made for _, made, _ in rows]
    assert len(set(ids)) == len(ids)
    assert {(made.version, made.variant) for made in ids} == {(7, uuid.RFC_4122)}
    assert all(int(before) <= made.int >> 80 <= after for before, made, after in rows)
    assert abs(datetime.fromtimestamp((ids[0].int >> 80) / 1000, UTC) - datetime.now(UTC)).days == 0


def test_ids_of_plain_inserts_are_random_behind_the_instant(each_database_url: str) -> None:
    """Each bit after the instant that is not the version's or the variant's takes both values."""
    with psycopg.connect(each_database_url) as connection:
        ids = [made.int for (made,) in connection.execute("select equeue.uuid7() from generate_series(1, 500)")]
    ones, zeros = 0, 0
    for made in ids:
        ones |= made
        zeros |= ~made
    fixed = (0xF << 76) | (0b11 << 62)
    free = ((1 << 80) - 1) & ~fixed
    assert ones & zeros & free == free
