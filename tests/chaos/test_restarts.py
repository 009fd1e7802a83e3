"""PostgreSQL stopped, in order or by a crash, and started again under load: nothing is lost, and speed comes back."""

import random
import statistics
import time
from pathlib import Path

import attrs
from tests.chaos.feeding import SECOND, Feeder, Pickups, feeding
from tests.chaos.owned import Own
from tests.chaos.rounds import report, rounds, timed
from tests.chaos.stage import Stage, stage

GAP_S = 0.02
STEADY_S = 3.0 if timed() else 1.0
LONG_S = 15.0
BACK_S = 10.0
DEADLINE_S = 45.0
SETTINGS = {"EQUEUE_LEASE_S": "5", "EQUEUE_HEARTBEAT_S": "1", "EQUEUE_POLL_S": "5"}
MODES = ("immediate", "fast")


def test_restarts_lose_nothing_and_speed_comes_back(own: Own, tmp_path: Path) -> None:
    """Every acknowledged job succeeds, no worker exits, and pickup and rate become what they were."""
    number, chance = rounds(20, 2), random.Random(2026)
    with stage(own.url, tmp_path, **SETTINGS) as here:
        here.start_named()
        here.start_named()
        with feeding(own.url, GAP_S) as feeder:
            usual = Usual.measured(here, feeder)
            backs, downs = [], []
            for turn in range(number):
                away_s = LONG_S if turn % 10 == 9 else chance.uniform(0, 1.5)
                stopped, up = own.restart(MODES[turn % 2], away_s)
                downs.append((up - stopped) / SECOND)
                here.database.close()
                here.reconnect()
                backs.append(usual.back_after(here, feeder, up))
            fed = feeder.stop()
        ids = [each.job_id for each in fed]
        here.until_ended(ids, 60)
        assert here.counts() == {"succeeded": len(ids)}
        assert here.ledger_of_runs.counts("began").keys() == set(ids)
        assert [worker.alive for worker in here.workers] == [True, True]
        lapsed = here.number("select count(*) from equeue.jobs where lapse_count > 0 or retry_count > 0")
    report(
        f"PostgreSQL restarted under load, {number} times",
        jobs=len(ids),
        lost=0,
        waited_for_a_lease=lapsed,
        usual_pickup_ms=usual.pickup_ms,
        usual_rate=usual.rate,
        back_after_s_median=statistics.median(backs),
        back_after_s_slowest=max(backs),
        down_s_longest=max(downs),
    )
    assert max(backs) <= (BACK_S if timed() else DEADLINE_S)


@attrs.frozen
class Usual:
    """Pickup and rate before anything happened."""

    pickup_ms: float
    rate: float

    @classmethod
    def measured(cls, here: Stage, feeder: Feeder) -> "Usual":
        """Watch for some seconds what is usual."""
        here.until(lambda: len(feeder.fed) - 2 <= len(here.ledger_of_runs.lines("began")) > 20)
        begin = time.monotonic_ns()
        here.until(lambda: time.monotonic_ns() > begin + STEADY_S * SECOND)
        seen, now = pickups(here, feeder), time.monotonic_ns()
        return cls(seen.median_ms(begin, now), seen.rate(begin, now))

    def back_after(self, here: Stage, feeder: Feeder, up: int) -> float:
        """Wait until a whole second was as usual; return how long after `up` it began, infinity if it never does."""
        pickup_ms, share = (max(2 * self.pickup_ms, 20.0), 0.9) if timed() else (max(10 * self.pickup_ms, 500.0), 0.5)
        while time.monotonic_ns() < up + (DEADLINE_S + 1) * SECOND:
            after = pickups(here, feeder).back_after(up, time.monotonic_ns(), pickup_ms, share * self.rate)
            if after < float("inf"):
                return after
            time.sleep(0.25)
        return float("inf")


def pickups(here: Stage, feeder: Feeder) -> Pickups:
    """Return what was picked up so far."""
    return Pickups.of(list(feeder.fed), here.ledger_of_runs.lines("began"))
