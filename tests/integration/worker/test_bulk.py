"""A bulk operation in real workers: aborted, resumed and killed on the way, it changes each job once."""

import asyncio
import signal
from typing import Any

import psycopg
from tests.integration.worker.processes import Scene, scene

from equeue.adapters.postgres.engine import create_engine
from equeue.adapters.postgres.unit_of_work import postgres_units_of_work
from equeue.adapters.system import UuidV7Ids
from equeue.application.bulk import BulkRequest, SteerBulk
from equeue.domain.audit import SYSTEM
from equeue.domain.bulk import BulkOperation
from equeue.domain.bulk_plan import BulkAction, BulkFilter

JOBS = 1_500
SEED = """
insert into equeue.jobs (task, queue, status, attempt, lease_token, worker_id, created_at, finished_at, error)
select 't', 'dead', 'dead', 1, 1, gen_random_uuid(), now() - n * interval '1 ms', now(),
  jsonb_build_object('type', 'E', 'fingerprint', 'f' || n %% 20)
from generate_series(1, %s) as n
"""
PROGRESS = "select status::text, matched, done from equeue.bulk_operations"


def steered(url: str, what: str, *arguments: Any) -> BulkOperation:
    """Do what an operator asks for."""

    async def call() -> BulkOperation:
        engine = create_engine(url, pool_size=1)
        try:
            steer = SteerBulk(postgres_units_of_work(engine), UuidV7Ids())
            done: BulkOperation = await getattr(steer, what)(*arguments)
            return done
        finally:
            await engine.dispose()

    return asyncio.run(call())


def until_matched(here: Scene, number: int) -> None:
    """Wait until so many jobs were decided on."""
    here.until(lambda: here.database.execute(f"{PROGRESS} where matched >= %s", (number,)).fetchone(), 60)


def test_each_job_is_retried_once_whatever_happens(database_url: str) -> None:
    """Nothing moves between the abort and the resume; kill -9 in the middle changes nothing."""
    with scene(database_url, EQUEUE_LEASE_S="5", EQUEUE_HEARTBEAT_S="1") as here:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(SEED, (JOBS,))
        workers = [here.start(), here.start()]
        request = BulkRequest(action=BulkAction.RETRY, where=BulkFilter(queues=("dead",)))
        operation = steered(database_url, "create", request, SYSTEM)
        until_matched(here, 100)
        aborted = steered(database_url, "abort", operation.id, SYSTEM)
        moved = "select count(*) as n from equeue.jobs where revision > 0"
        assert here.database.execute(moved).fetchone() == {"n": aborted.tally.done}
        assert aborted.tally.done < JOBS
        steered(database_url, "resume", operation.id, SYSTEM)
        until_matched(here, aborted.tally.done + 100)
        workers[0].tell(signal.SIGKILL)
        here.until(
            lambda: here.database.execute(f"{PROGRESS} where status = 'finished'").fetchone(),
            90,
        )
        assert here.database.execute(PROGRESS).fetchone() == {"status": "finished", "matched": JOBS, "done": JOBS}
        once = "select count(*) as n from equeue.jobs where revision = 1 and status = 'queued' and queue = 'dead'"
        assert here.database.execute(once).fetchone() == {"n": JOBS}
