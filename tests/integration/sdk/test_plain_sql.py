"""A job that is nothing but an INSERT: the guide's own lines, run."""

import re
from datetime import timedelta
from pathlib import Path

import psycopg
from tests.builders import LEASE, WORKER

from equeue.adapters.postgres.engine import Lane, create_engine
from equeue.adapters.postgres.leases import PostgresJobLeases
from equeue.domain.lease import ClaimOrder

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "plain-sql.md"
INSERT, NOTIFY, *_ = re.findall(r"```sql\n(.*?)```", GUIDE.read_text(), re.DOTALL)


async def test_a_plain_insert_is_claimed(each_database_url: str) -> None:
    """It waits in the default queue, and a worker gets it like any other job."""
    with psycopg.connect(each_database_url) as connection:
        connection.execute(INSERT.encode())
        (row,) = connection.execute("select id from equeue.jobs").fetchall()
    engine = create_engine(each_database_url)
    lane = Lane(engine)
    (claim,) = await PostgresJobLeases(lane).claim(ClaimOrder(WORKER, ("default",), 10, LEASE))
    await lane.close()
    await engine.dispose()
    assert (claim.job_id, claim.task, claim.payload) == (row[0], "email.send", b'{"user_id": 42}')
    assert (claim.attempt, claim.max_retries, claim.timeout) == (1, 3, timedelta(minutes=5))


def test_a_plain_notify_wakes_workers(each_database_url: str) -> None:
    """The guide's line reaches the channel to which workers listen, with the queue's name."""
    with psycopg.connect(each_database_url, autocommit=True) as connection:
        connection.execute('listen "equeue.ready"')
        connection.execute(NOTIFY.encode())
        heard = [notify.payload for notify in connection.notifies(timeout=10, stop_after=1)]
    assert heard == ["default"]
