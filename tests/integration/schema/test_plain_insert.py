"""What SQL alone can do with the schema."""

import uuid

import psycopg


def test_plain_insert_needs_only_a_task(database_url: str) -> None:
    """A job can be enqueued by an INSERT that names a task; the rest has defaults, the id is a UUID of version 7."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "insert into equeue.jobs (task) values ('a.b') returning id, status::text, queue, payload"
        ).fetchone()
    assert row is not None
    assert isinstance(row[0], uuid.UUID)
    assert row[0].version == 7
    assert row[1:] == ("queued", "default", {})
