"""`make prove-versions`: one version back and forward under load, old and new code on the expanded schema."""

import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from itertools import count

import attrs
import pytest
from tests.chaos.rounds import report
from tests.integration.deploy.load import Load
from tests.integration.deploy.pods import PATIENCE_S
from tests.integration.worker.processes import APP, Scene, Worker, scene
from tests.ports import free_port
from tests.prove.versions import Version, present, previous

REQUESTS = 40
"""So many are answered in each phase at least."""

BOOKED = 10
"""So many jobs of each phase write in a transaction of theirs and leave a child."""

SLOTS = 4
REFUSED = 3
GRACE_S = 45.0


@attrs.frozen
class Fleet:
    """One API and one worker of a version."""

    version: Version
    api: Worker
    worker: Worker
    url: str

    @property
    def worker_id(self) -> str:
        """Who the worker is, in the rows of jobs."""
        return str(self.worker.until_logged("worker.started", PATIENCE_S)["worker_id"])

    def until_ready(self) -> None:
        """Return once the API is ready and the worker works."""
        self.worker.until_logged("worker.started", PATIENCE_S)
        end, pause = time.monotonic() + PATIENCE_S, threading.Event()
        while not self.is_ready():
            assert time.monotonic() < end, f"the API of {self.version.name} is never ready"
            pause.wait(0.1)

    def is_ready(self) -> bool:
        """Tell whether the API says that it is."""
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Rehearsal:
    """Fleets of two versions over one database, under load."""

    def __init__(self, stage: Scene, key: str) -> None:
        self._stage = stage
        self._accounts = count(1)
        self._fleets: list[Fleet] = []
        self._everybody: list[Fleet] = []
        self._booked = 0
        self.killed: list[Version] = []
        self.load = Load(key, "noted.run", {"seconds": 0.2})

    def join(self, version: Version) -> None:
        """Start a fleet of `version`, and send it requests once it is ready."""
        fleet = self._started(version)
        fleet.until_ready()
        self._fleets.append(fleet)
        self._everybody.append(fleet)
        self.load.send_to(*self._fleets)

    def leave(self, version: Version) -> None:
        """Stop the fleet of `version` as a rollout does: no more requests, then a signal and time."""
        (fleet,) = [each for each in self._fleets if each.version is version]
        self._fleets.remove(fleet)
        self.load.send_to(*self._fleets)
        for process in (fleet.api, fleet.worker):
            process.tell(signal.SIGTERM)
        for process in (fleet.api, fleet.worker):
            if not _ended(process):
                self.killed.append(version)

    def flow(self, phase: str) -> None:
        """Let requests come for a while, jobs that write beside them; everybody there must be content."""
        begun, before = time.monotonic(), len(self.load.acknowledged)
        for _ in range(BOOKED):
            self._stage.enqueue("booking.run", f'{{"account": {next(self._accounts)}}}')
        self._booked += BOOKED
        self._stage.until(lambda: len(self.load.acknowledged) + len(self.load.failed) >= before + REQUESTS, PATIENCE_S)
        assert all(fleet.is_ready() for fleet in self._fleets)
        names = " and ".join(fleet.version.name for fleet in self._fleets)
        report(phase, running=names, took_s=time.monotonic() - begun, failed=len(self.load.failed))

    def ended_well(self) -> None:
        """Wait for all jobs, and fail if one is lost or charged, or if one of the workers had none."""
        asked, born = len(self.load.acknowledged), 2 * self._booked
        self._stage.until(lambda: self._stage.counts() == {"succeeded": asked + born}, PATIENCE_S)
        rows = self._stage.database.execute(
            "select id, worker_id, retry_count + lapse_count as charged from equeue.jobs"
        )
        jobs = {str(row["id"]): (str(row["worker_id"]), row["charged"]) for row in rows}

        assert set(self.load.acknowledged) <= jobs.keys()
        assert {charged for _, charged in jobs.values()} == {0}
        assert {worker for worker, _ in jobs.values()} == {fleet.worker_id for fleet in self._everybody}

    def figures(self) -> dict[str, object]:
        """Return what came of it, to be reported."""
        return {
            "requests": len(self.load.acknowledged),
            "jobs_with_children": self._booked,
            "workers": len(self._everybody),
            "failed": 0,
            "lost": 0,
            "charged": 0,
            "killed": len(self.killed),
        }

    def _started(self, version: Version) -> Fleet:
        port = free_port()
        settings = version.environment | {"EQUEUE_HOST": "127.0.0.1"}
        api = self._stage.begin("api", "--port", str(port), cwd=version.root, **settings)
        worker = self._stage.begin("worker", APP, "-c", str(SLOTS), cwd=version.root, **settings)
        return Fleet(version, api, worker, f"http://127.0.0.1:{port}")


def _ended(process: Worker) -> bool:
    """Wait until a process ends well; kill it, as Kubernetes does, and say so if it takes longer than a pod's grace."""
    try:
        assert process.wait(GRACE_S) == 0
    except subprocess.TimeoutExpired:
        report("killed after its grace", log="\n".join(process.lines[-20:]))
        process.close()
        return False
    return True


def refused(version: Version, url: str) -> str:
    """Start a worker that must not start; return what it says."""
    with pytest.raises(subprocess.CalledProcessError) as ended:
        version.equeue("worker", APP, url=url)
    assert ended.value.returncode == REFUSED
    return str(ended.value.stderr)


@pytest.fixture(scope="module")
def new() -> Version:
    """Return this version."""
    return present()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """Return the version before."""
    return previous(tmp_path_factory.mktemp("previous"))


@pytest.fixture
def rehearsal(empty_database_url: str, old: Version) -> Iterator[Rehearsal]:
    """Give a database as the old version makes it, a key made by it, and room for processes."""
    old.equeue("migrate", "up", url=empty_database_url)
    made = old.equeue("keys", "create", "load", "--user", "l@example.org", "--role", "admin", url=empty_database_url)
    with scene(empty_database_url) as stage:
        rehearsal = Rehearsal(stage, made.strip().splitlines()[-1])
        yield rehearsal
        rehearsal.load.stop()


def test_rules_let_each_version_run_on_the_newer_schema(old: Version, new: Version) -> None:
    """The newer schema serves the older version, as nothing that it uses was removed; the reverse needs a migration."""
    for version in (old, new):
        report("schema", of=f"{version.name}: {version.schema}")

    assert old.schema.bears(new.schema)
    assert new.schema.bears(new.schema)


@pytest.mark.timeout(300)
def test_one_version_forward_back_and_forward_loses_nothing(
    rehearsal: Rehearsal, empty_database_url: str, old: Version, new: Version
) -> None:
    """Old code goes on while the schema is expanded, both run side by side, and each alone.

    Every request is answered, every job ends well, none is charged with a retry or a lapse, and every worker worked.
    A worker of the version before may have to be killed, for it may miss that it is to stop: that costs no job either.
    """
    begun = time.monotonic()
    rehearsal.join(old)
    rehearsal.load.start()
    rehearsal.flow("the old schema")
    if not new.schema.bears(old.schema):
        assert "equeue migrate up" in refused(new, empty_database_url)
    new.equeue("migrate", "up", url=empty_database_url)
    rehearsal.flow("the schema expanded under way")
    rehearsal.join(new)
    rehearsal.flow("both")
    rehearsal.leave(old)
    rehearsal.flow("forward")
    rehearsal.join(old)
    rehearsal.flow("both, on the way back")
    rehearsal.leave(new)
    rehearsal.flow("back")
    rehearsal.join(new)
    rehearsal.leave(old)
    rehearsal.flow("forward for good")
    rehearsal.load.stop()

    assert rehearsal.load.failed == []
    assert new not in rehearsal.killed
    rehearsal.ended_well()
    report("a version forward, back and forward", took_s=time.monotonic() - begun, **rehearsal.figures())
