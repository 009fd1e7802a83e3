"""Workers that start, or are told to stop, while PostgreSQL is away."""

import signal
import time
from pathlib import Path

from tests import servers
from tests.chaos.owned import Own
from tests.chaos.rounds import report
from tests.chaos.stage import APP, LEASE_1S, stage

GRACE_S = 2.0
LAST_WRITES_S = 5.0
"""So long a worker tries to write how its attempts ended after its grace."""


def test_a_worker_told_to_stop_while_the_database_is_away_ends_all_the_same(own: Own, tmp_path: Path) -> None:
    """It exits and says that something is unwritten; what it ran is run again once its leases are over."""
    with stage(own.url, tmp_path, **LEASE_1S, EQUEUE_DRAIN_GRACE_S=str(GRACE_S)) as here:
        worker = here.start_named()
        ids = here.offer("chaos.wait", '{"seconds": 0.05, "first": 60}', 5) + here.offer(
            "chaos.thread", '{"seconds": 1}'
        )
        here.until(lambda: here.ledger_of_runs.counts("began").keys() == set(ids))
        here.database.close()
        servers.halt(servers.embedded_binaries(), own.folder, "immediate")
        begin = time.monotonic()
        worker.tell(signal.SIGTERM)
        code = worker.wait(GRACE_S + LAST_WRITES_S + 15)
        took = time.monotonic() - begin
        servers.launch(servers.embedded_binaries(), own.folder)
        here.reconnect()
        here.start_named()
        here.until_ended(ids, 60)
        assert here.counts() == {"succeeded": len(ids)}
    report("SIGTERM while PostgreSQL is away", exit=code, after_s=took)
    assert code == 1


def test_a_worker_that_finds_no_database_says_so_and_exits(own: Own, tmp_path: Path) -> None:
    """A wrong address must not look like patience; whoever started it starts it again."""
    with stage(own.url, tmp_path) as here:
        ids = here.offer("chaos.short", count=5)
        here.database.close()
        servers.halt(servers.embedded_binaries(), own.folder, "fast")
        worker = here.begin("worker", APP, EQUEUE_DATABASE_URL=here.address("worker-1"))
        assert worker.wait() != 0
        assert "the database does not answer" in worker.lines[-1]
        servers.launch(servers.embedded_binaries(), own.folder)
        here.reconnect()
        here.start_named()
        here.until_ended(ids, 60)
