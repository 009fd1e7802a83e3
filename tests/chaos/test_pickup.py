"""A job of a committed SQLAlchemy session starts as fast as one by REST: both in turns, on one idle worker."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from tests.chaos.app import stamp
from tests.chaos.ledger import VARIABLE
from tests.chaos.rounds import report, rounds, timed
from tests.chaos.stage import APP, Stage, stage
from tests.tree import state_folder, tree

from equeue import enqueue
from equeue.adapters.postgres.engine import read_url
from equeue.entrypoints.sdk.api import Api

GAP_S = 0.05
AS_FAST = 1.25
"""A ratio under this may be chance."""


def test_a_committed_session_s_job_starts_as_fast_as_one_by_rest(database_url: str, tmp_path: Path) -> None:
    """From the call that enqueues, or begins the transaction, to the handler's start; far below the poll of 5 s."""
    number = rounds(200, 10)
    with stage(database_url, tmp_path) as here, state_folder() as state:
        environment = {"EQUEUE_DATABASE_URL": database_url, VARIABLE: str(here.ledger_of_runs.path)}
        with tree(state, app=APP, **environment) as started, Api(started.serving().url, started.key) as api:
            engine = create_engine(read_url(database_url))

            def by_rest() -> UUID:
                return UUID(api.enqueue({"task": "chaos.stamp", "queue": "chaos"})["job"]["id"])

            def by_session() -> UUID:
                with Session(engine) as session:
                    answer = enqueue(session, stamp)
                    session.commit()
                return answer.id

            for _ in range(5):
                picked_up(here, by_rest)
                picked_up(here, by_session)
            pairs = [(picked_up(here, by_rest), picked_up(here, by_session)) for _ in range(number)]
            engine.dispose()
    rest, session = (statistics.median(times) for times in zip(*pairs, strict=True))
    report(f"pickup from the call, {number} pairs", by_rest_p50_ms=rest, by_session_p50_ms=session)
    assert not timed() or session <= rest * AS_FAST


def picked_up(here: Stage, call: Callable[[], UUID]) -> float:
    """Enqueue one job and return the milliseconds until its handler began."""
    time.sleep(GAP_S)
    begin = time.monotonic_ns()
    job_id = call()
    here.until(lambda: any(line.job_id == job_id for line in here.ledger_of_runs.lines("began")))
    (at,) = (line.at for line in here.ledger_of_runs.lines("began") if line.job_id == job_id)
    return (at - begin) / 1e6
