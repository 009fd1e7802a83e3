"""An API process alone keeps the table true: a fleet may have no workers, or only those that pull."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from tests.integration.worker.processes import Scene, scene

BRIEF = {"EQUEUE_LEASE_S": "1", "EQUEUE_HEARTBEAT_S": "0.3", "EQUEUE_POLL_S": "0.2"}
LET_PASS = "update equeue.cadences set last_ran_at = last_ran_at - interval '1 day'"
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()
"""


def orphan(here: Scene) -> Any:
    """Give a running job whose worker is gone for good."""
    worker = here.start(**BRIEF)
    (job_id,) = here.enqueue("noted.run", '{"seconds": 60}')
    here.until(lambda: here.ledger("began"))
    worker.tell(signal.SIGKILL)
    return job_id


@contextmanager
def away(url: str) -> Iterator[None]:
    """Have the database refuse everybody meanwhile."""
    address = urlsplit(url)
    name = address.path.strip("/")
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as other:
        other.execute(f'alter database "{name}" allow_connections false')
        other.execute(CUT, (name,))
        yield
        other.execute(f'alter database "{name}" allow_connections true')


def test_an_api_alone_recovers_and_expires(database_url: str) -> None:
    """A dead worker's job goes back to its queue, charged; a job past its time is cancelled; the API stops in order."""
    with scene(database_url) as here:
        job_id = orphan(here)
        (late,) = here.enqueue("short.run", queue="elsewhere", expires_at="2100-01-01")
        here.database.execute(
            "update equeue.jobs set created_at = '2020-01-01', expires_at = now() where id = %s", (late,)
        )
        here.database.execute(LET_PASS)
        server = here.serve()
        here.until(lambda: here.job(job_id)["status"] == "queued")
        here.until_ended([late])
        assert (here.job(job_id)["retry_count"], here.job(late)["cancel_reason"]) == (1, "expired")
        assert [attempt["outcome"] for attempt in here.attempts(job_id)] == ["crashed"]
        server.tell(signal.SIGTERM)
        assert server.wait(10) == 0


def test_a_job_that_an_api_recovers_is_run_at_once(database_url: str) -> None:
    """The API tells the worker, which would otherwise look only much later."""
    with scene(database_url, EQUEUE_POLL_S="300") as here:
        job_id = orphan(here)
        here.database.execute("update equeue.jobs set payload = '{}' where id = %s", (job_id,))
        here.start()
        here.serve()
        here.until_ended([job_id])
        assert here.job(job_id)["status"] == "succeeded"


def test_an_api_outlives_a_database_that_is_away(database_url: str) -> None:
    """It says so once, says when it is back, goes on with maintenance, and stops in order."""
    with scene(database_url) as here:
        server = here.serve()
        here.database.close()
        with away(database_url):
            server.until_logged("database.away")
        server.until_logged("database.back")
        here.reconnect()
        job_id = orphan(here)
        here.until(lambda: here.job(job_id)["status"] == "queued")
        assert [line["event"] for line in server.events()].count("database.away") == 1
        server.tell(signal.SIGTERM)
        assert server.wait(10) == 0
