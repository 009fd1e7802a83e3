"""A job that is nothing but an INSERT."""

from datetime import timedelta

import psycopg
from tests.builders import LEASE, WORKER

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.domain.lease import ClaimOrder

INSERT = "insert into equeue.jobs (task, payload) values ('email.send', '{\"user_id\": 42}') returning id"


async def test_a_plain_insert_is_claimed(each_database_url: str) -> None:
    """It waits in the default queue, and a worker gets it like any other job."""
    with psycopg.connect(each_database_url) as connection:
        (row,) = connection.execute(INSERT).fetchall()
    engine = create_engine(each_database_url)
    lane = Lane(engine)
    (claim,) = await PostgresJobLeases(lane).claim(ClaimOrder(WORKER, ("default",), 10, LEASE))
    await lane.close()
    await engine.dispose()
    assert (claim.job_id, claim.task, claim.payload) == (row[0], "email.send", b'{"user_id": 42}')
    assert (claim.attempt, claim.max_retries, claim.timeout) == (1, 3, timedelta(minutes=5))
