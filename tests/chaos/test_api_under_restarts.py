"""The API while PostgreSQL is stopped and started: it refuses in words, and loses nothing that it acknowledged."""

import random
import threading
from collections import Counter
from pathlib import Path
from uuid import uuid4

from tests.chaos.ledger import VARIABLE
from tests.chaos.owned import Own
from tests.chaos.rounds import report, rounds
from tests.chaos.stage import APP, stage
from tests.tree import state_folder, tree

from equeue.entrypoints.sdk.api import Api
from equeue.entrypoints.sdk.refusals import NotReachable, Refused

JOB = {"task": "chaos.stamp", "queue": "chaos"}
MODES = ("immediate", "fast")


class Caller:
    """Enqueues one job after another by REST; each under a key of its own, repeated until it is acknowledged."""

    def __init__(self, url: str, key: str) -> None:
        self._api = Api(url, key)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[str] = []
        self.refusals: Counter[int] = Counter()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End once the last job is acknowledged."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with self._api:
            while not self._stop.wait(0.02):
                key = str(uuid4())
                while (job_id := self._try(key)) is None:
                    self._stop.wait(0.05)
                self.acknowledged.append(job_id)

    def _try(self, key: str) -> str | None:
        try:
            return str(self._api.enqueue(JOB, key=key)["job"]["id"])
        except Refused as refused:
            self.refusals[refused.status] += 1
        except NotReachable:
            self.refusals[0] += 1
        return None


def test_restarts_lose_nothing_that_the_api_acknowledged(own: Own, tmp_path: Path) -> None:
    """While the database is away every answer is 503; repeats under one key are one job; all of them succeed."""
    number, chance = rounds(20, 2), random.Random(2026)
    with stage(own.url, tmp_path) as here, state_folder() as state:
        environment = {"EQUEUE_DATABASE_URL": own.url, VARIABLE: str(here.ledger_of_runs.path), "EQUEUE_LEASE_S": "5"}
        with tree(state, app=APP, **environment) as started:
            caller = Caller(started.serving().url, started.key)
            pids = started.pids
            caller.start()
            for turn in range(number):
                enough = len(caller.acknowledged) + 30
                here.until(lambda: len(caller.acknowledged) >= enough)  # noqa: B023
                own.restart(MODES[turn % 2], chance.uniform(0.1, 1.5))
            caller.stop()
            here.database.close()
            here.reconnect()
            here.until(lambda: here.counts().keys() == {"succeeded"}, 60)
            assert started.pids == pids, "a process ended"
        ids = {str(row["id"]) for row in here.database.execute("select id from equeue.jobs")}
    assert sorted(ids) == sorted(caller.acknowledged)
    assert caller.refusals.keys() <= {503}, caller.refusals
    assert caller.refusals[503] > 0, "nobody asked while the database was away"
    report(f"the API over {number} restarts", acknowledged=len(ids), refused_503=caller.refusals[503], lost=0, twice=0)
