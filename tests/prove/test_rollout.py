"""`make prove-rollout`: pods are replaced under load, as the manifests say."""

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import scalar_row
from tests.chaos.rounds import report
from tests.integration.deploy.load import Load
from tests.integration.deploy.pods import COMMAND, PATIENCE_S, Pod
from tests.integration.deploy.rendering import rendered
from tests.integration.worker.app import LEDGER
from tests.tree import ROOT

APP = "tests.integration.worker.app:tasks"
SECRET_KEYS = "x" * 48


@pytest.fixture
def secrets(empty_database_url: str, tmp_path: Path) -> Path:
    """Return a folder as the pods' Secrets are mounted."""
    for who in ("migrate", "api", "worker"):
        (tmp_path / who).mkdir()
        (tmp_path / who / "database-url").write_text(f"{empty_database_url}\n")
    (tmp_path / "api" / "secret-keys").write_text(SECRET_KEYS)
    return tmp_path


@pytest.fixture
def key(empty_database_url: str, secrets: Path) -> str:  # noqa: ARG001 - the folder is made first
    """Return an API key in a database that is migrated first."""
    _equeue("migrate", "up", url=empty_database_url)
    words = ("keys", "create", "load", "--user", "load@example.org", "--role", "admin")
    return _equeue(*words, url=empty_database_url).strip().splitlines()[-1]


def _equeue(*words: str, url: str) -> str:
    told = subprocess.run(
        [*COMMAND, *words, "--database-url", url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return told.stdout


@pytest.fixture
def pods(secrets: Path) -> Iterator["Rollout"]:
    """Give what starts pods, and leaves none behind."""
    rollout = Rollout(secrets)
    yield rollout
    for pod in rollout.all:
        pod.kill()


class Rollout:
    """Pods of the production overlay."""

    def __init__(self, secrets: Path) -> None:
        self._secrets = secrets
        self._more = {"LEDGER_URL": (secrets / "worker" / "database-url").read_text().strip()}
        self.all: list[Pod] = []

    def start(self, *deployments: str) -> list[Pod]:
        """Start one pod of each at the same time, and wait until they are ready."""
        pods = [self._pod(deployment) for deployment in deployments]
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda pod: pod.prepare(**self._more), pods))
        for pod in pods:
            pod.launch(**self._more)
        for pod in pods:
            pod.until_ready()
        return pods

    def stop(self, *pods: Pod) -> list[int]:
        """Stop pods at the same time; return how they ended."""
        with ThreadPoolExecutor() as threads:
            return list(threads.map(Pod.stop, pods))

    def _pod(self, deployment: str) -> Pod:
        app = (APP,) if deployment == "equeue-worker" else ()
        log = self._secrets / f"pod-{len(self.all)}.log"
        pod = Pod(rendered("production"), deployment, self._secrets, log, *app)
        self.all.append(pod)
        return pod


def test_a_rollout_under_load_fails_no_request_and_charges_no_job(
    empty_database_url: str, key: str, pods: Rollout
) -> None:
    """API and workers are replaced one by one while jobs are enqueued and run.

    Every request is answered, every job runs to its end, and none of them is charged with a retry or a lapse.
    """
    with psycopg.connect(empty_database_url, autocommit=True, row_factory=scalar_row) as database:
        database.execute(LEDGER)
        first = pods.start("equeue-api", "equeue-api", "equeue-worker", "equeue-worker")
        apis, workers, codes = first[:2], first[2:], []
        load = Load(key, "noted.run", {"seconds": 0.3})
        load.send_to(*apis)
        load.start()
        for _ in range(2):
            api, worker = pods.start("equeue-api", "equeue-worker")
            old_api, old_worker, apis, workers = apis[0], workers[0], [apis[1], api], [workers[1], worker]
            load.send_to(*apis)
            codes += pods.stop(old_api, old_worker)
        load.stop()
        _until_ended(database)

        assert codes == [0] * 4
        assert load.failed == []
        ids = sorted(str(found) for found in database.execute("select id from equeue.jobs").fetchall())
        assert ids == sorted(load.acknowledged)
        assert len(ids) > 20
        charged = "select count(*) from equeue.jobs where status <> 'succeeded' or retry_count + lapse_count > 0"
        assert database.execute(charged).fetchone() == 0
        report("a rollout of two and two pods", requests=len(ids), failed=0, charged=0)


def _until_ended(database: psycopg.Connection[int]) -> None:
    end, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while database.execute("select 1 from equeue.jobs where finished_at is null limit 1").fetchone():
        assert time.monotonic() < end, "jobs never end"
        pause.wait(0.1)
