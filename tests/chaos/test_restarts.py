"""PostgreSQL stopped, in order or by a crash, and started again under load: nothing is lost, and speed comes back."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import psycopg
import pytest
from psycopg.rows import dict_row
from tests import servers
from tests.chaos.feeding import SECOND, Pickups, feeding
from tests.chaos.rounds import report, rounds, timed
from tests.chaos.stage import Stage, stage

from equeue.adapters.postgres.migrate import migrate_up

GAP_S = 0.02
STEADY_S = 3.0 if timed() else 1.5
BACK_S = 10.0
SETTINGS = {"EQUEUE_LEASE_S": "5", "EQUEUE_HEARTBEAT_S": "1", "EQUEUE_POLL_S": "5"}
MODES = ("immediate", "fast")


@attrs.frozen
class Own:
    """A server of this test's own."""

    folder: Path
    url: str

    def restart(self, mode: str, away_s: float) -> tuple[int, int]:
        """Stop it, leave it so for a while and start it; return when it was stopped and when it answered again."""
        binaries = servers.embedded_binaries()
        stopped = time.monotonic_ns()
        servers.halt(binaries, self.folder, mode)
        time.sleep(away_s)
        servers.launch(binaries, self.folder)
        return stopped, time.monotonic_ns()


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """Give a server with a migrated database."""
    name = f"chaos-{tmp_path_factory.getbasetemp().name}"
    with servers.locked(servers.run_folder() / name) as folder:
        server = servers.start(servers.embedded_binaries(), folder)
        server.run("create database {}", "chaos")
        url = server.database("chaos")
        migrate_up(url)
        yield Own(folder, url)
        servers.halt(servers.embedded_binaries(), folder, "immediate")


def test_restarts_lose_nothing_and_speed_comes_back(own: Own, tmp_path: Path) -> None:
    """Every acknowledged job succeeds, no worker exits, and pickup is what it was soon after the database is."""
    number, chance = rounds(20, 2), random.Random(2026)
    with stage(own.url, tmp_path, **SETTINGS) as here:
        here.start_named()
        here.start_named()
        with feeding(own.url, GAP_S) as feeder:
            until_steady(here)
            begin = time.monotonic_ns()
            time.sleep(STEADY_S)
            downs = []
            for turn in range(number):
                here.database.close()
                downs.append(own.restart(MODES[turn % 2], chance.uniform(0, 1.5)))
                reconnect(here)
                until_steady(here)
                time.sleep(STEADY_S)
            fed = feeder.stop()
        ids = [each.job_id for each in fed]
        here.until_ended(ids, 60)
        assert here.counts() == {"succeeded": len(ids)}
        assert [worker.alive for worker in here.workers] == [True, True]
        lapsed = here.number("select count(*) from equeue.jobs where lapse_count > 0 or retry_count > 0")
        pickups = Pickups.of(fed, here.ledger_of_runs.lines("began"))
        assert len(pickups.times) == len(ids)
    usual_ms, usual_rate = pickups.median_ms(begin, downs[0][0]), pickups.rate(begin, downs[0][0])
    ends = [stopped for stopped, _ in downs[1:]] + [max(begun for _, begun in pickups.times)]
    backs = [
        pickups.back_after(up, end, max(2 * usual_ms, 20.0), 0.9 * usual_rate)
        for (_, up), end in zip(downs, ends, strict=True)
    ]
    report(
        f"PostgreSQL restarted under load, {number} times",
        jobs=len(ids),
        lost=0,
        waited_for_a_lease=lapsed,
        usual_pickup_ms=usual_ms,
        usual_rate=usual_rate,
        back_after_s_median=sorted(backs)[len(backs) // 2],
        back_after_s_slowest=max(backs),
        down_s_longest=max((up - stopped) / SECOND for stopped, up in downs),
    )
    assert not timed() or max(backs) <= BACK_S


def until_steady(here: Stage) -> None:
    """Return once a job that is enqueued from now on has begun."""
    mark = len(here.ledger_of_runs.lines("began"))
    here.until(lambda: len(here.ledger_of_runs.lines("began")) > mark + 20, 60)


def reconnect(here: Stage) -> None:
    """Have the test's own connection back."""
    here.database = psycopg.connect(here.url, autocommit=True, row_factory=dict_row)
