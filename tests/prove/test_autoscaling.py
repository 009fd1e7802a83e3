"""`make prove-autoscaling`: an autoscaler like KEDA polls `/stats/scaling`, and starts and stops real workers."""

import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Self

import pytest
from tests.chaos.rounds import report
from tests.integration.deploy.pods import COMMAND, PATIENCE_S
from tests.integration.worker.processes import APP, Scene, Worker, scene
from tests.ports import free_port

from equeue.entrypoints.sdk.api import Api

SLOTS = 4
JOBS = 300
TARGET_S = 30.0
MOST = 8
STEADY_S = 25.0
"""So long fewer workers must have been enough before any is stopped: KEDA's stabilisation window, shortened."""

POLL_S = 1.0


class Autoscaler:
    """Keeps as many workers as it is told to, between one and `MOST`; `history` is how many it wanted at each poll."""

    def __init__(self, stage: Scene, api: Api) -> None:
        self._stage = stage
        self._api = api
        self._recent: deque[tuple[float, int]] = deque()
        self._workers: list[Worker] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.history: list[int] = []
        self.codes: list[int] = []

    def __enter__(self) -> Self:
        self._scale(1)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self._workers)

    def _run(self) -> None:
        while not self._stop.wait(POLL_S):
            self._scale(self._steadied(self._asked()))

    def _asked(self) -> int:
        told: dict[str, Any] = self._api.get("/stats/scaling", {"slots": SLOTS, "target_wait_s": str(TARGET_S)})
        return max(1, min(int(told["desired"]), MOST))

    def _steadied(self, wanted: int) -> int:
        now = time.monotonic()
        self._recent.append((now, wanted))
        while self._recent[0][0] < now - STEADY_S:
            self._recent.popleft()
        return max(wanted for _, wanted in self._recent)

    def _scale(self, size: int) -> None:
        self.history.append(size)
        while len(self._workers) < size:
            self._workers.append(self._stage.begin("worker", APP, "-c", str(SLOTS), "-q", "default"))
        while len(self._workers) > size:
            worker = self._workers.pop()
            worker.until_logged("worker.started", PATIENCE_S)
            worker.tell(signal.SIGTERM)
            self.codes.append(worker.wait())


def reversals(history: list[int]) -> int:
    """Return how often the number of workers turned from growing to shrinking or back."""
    steps = [after - before for before, after in pairwise(history) if after != before]
    return sum((one > 0) != (other > 0) for one, other in pairwise(steps))


@pytest.fixture
def stage(database_url: str) -> Iterator[Scene]:
    """Give a database and room for workers."""
    with scene(database_url, EQUEUE_HOST="127.0.0.1") as opened:
        yield opened


@pytest.fixture
def api(stage: Scene) -> Iterator[Api]:
    """Give the API over it, as an autoscaler with a key for numbers calls it."""
    port = free_port()
    server = stage.begin("api", "--port", str(port))
    server.until_logged("http.serving", PATIENCE_S)
    words = ("keys", "create", "scaler", "--user", "s@example.org", "--role", "viewer", "--database-url", stage.url)
    made = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60, check=True)
    with Api(f"http://127.0.0.1:{port}", made.stdout.strip().splitlines()[-1]) as opened:
        yield opened


@pytest.mark.timeout(0)
def test_three_bursts_are_followed_up_and_down(stage: Scene, api: Api) -> None:
    """Jobs wait no longer than the target, workers turn back at most once a burst, and one is left in the end."""
    with Autoscaler(stage, api) as scaler:
        stage.until(lambda: stage.workers[-1].until_logged("worker.started", PATIENCE_S), PATIENCE_S)
        for _ in range(3):
            begun = len(scaler.history)
            ids = stage.enqueue("noted.run", '{"seconds": 0.5}', count=JOBS)
            stage.until_ended(ids, 300)
            stage.until(lambda: scaler.size == 1, 300)
            waits = stage.database.execute(
                "select percentile_cont(0.95) within group (order by extract(epoch from started_at - created_at))"
                "::float as p95 from equeue.jobs where id = any(%s)",
                (ids,),
            ).fetchone()
            history = scaler.history[begun - 1 :]
            assert waits is not None
            report("a burst", p95_wait_s=round(waits["p95"], 2), target_s=TARGET_S, workers=max(history))
            assert waits["p95"] <= TARGET_S
            assert max(history) > 1
            assert reversals(history) <= 1
    assert set(scaler.codes) == {0}
    assert stage.counts() == {"succeeded": 3 * JOBS}


@pytest.mark.timeout(0)
def test_no_worker_comes_for_what_a_limit_forbids(stage: Scene, api: Api) -> None:
    """Two slots are all that the limit lets through: one worker has them, however long the row."""
    stage.database.execute("insert into equeue.queues (name, max_running) values ('default', %s)", (SLOTS,))
    with Autoscaler(stage, api) as scaler:
        ids = stage.enqueue("noted.run", '{"seconds": 0.2}', count=JOBS)
        stage.until_ended(ids, 300)

    assert max(scaler.history) == 1
