"""An autoscaler that follows `need`, in virtual time: three bursts, one after the other."""

from collections import deque
from datetime import timedelta
from itertools import pairwise

import attrs
import pytest

from equeue.domain.scaling import OPEN, Ceiling, Demand, need

STEP = 0.5
"""So much time goes by between two looks of the simulation, in seconds."""

SLOTS = 4
TARGET = timedelta(seconds=20)
START_S = 5.0
POLL_S = 10.0
STEADY_S = 60.0
LATELY_S = 60.0


@attrs.define
class Fleet:
    """A queue, workers that take a while to start, and an autoscaler that polls and shrinks only after a while."""

    run_s: float
    ceiling: Ceiling = OPEN
    now: float = 0.0
    waiting: deque[float] = attrs.Factory(deque)
    ends: list[float] = attrs.Factory(list)
    arrived: deque[float] = attrs.Factory(deque)
    starting: list[float] = attrs.Factory(list)
    workers: int = 1
    wanted: deque[tuple[float, int]] = attrs.Factory(deque)
    waits: list[float] = attrs.Factory(list)
    history: list[int] = attrs.Factory(list)

    def burst(self, jobs: int, over_s: float, then_s: float) -> None:
        """Let jobs come evenly for a while, and then time go by."""
        came = 0
        for step in range(int((over_s + then_s) / STEP)):
            due = jobs if step * STEP >= over_s else int(jobs * step * STEP / over_s)
            self.waiting.extend([self.now] * (due - came))
            self.arrived.extend([self.now] * (due - came))
            came = due
            self._work()
            if step % int(POLL_S / STEP) == 0:
                self._scale()
            self.now += STEP

    def _work(self) -> None:
        self.ends = [end for end in self.ends if end > self.now]
        self.workers += sum(ready <= self.now for ready in self.starting)
        self.starting = [ready for ready in self.starting if ready > self.now]
        most = min(self.workers * SLOTS, self.ceiling.running or self.workers * SLOTS)
        while self.waiting and len(self.ends) < most:
            self.waits.append(self.now - self.waiting.popleft())
            self.ends.append(self.now + self.run_s)

    def _scale(self) -> None:
        while self.arrived and self.arrived[0] <= self.now - LATELY_S:
            self.arrived.popleft()
        demand = Demand(
            "mail",
            len(self.waiting),
            len(self.ends),
            timedelta(seconds=self.now - self.waiting[0]) if self.waiting else None,
            len(self.arrived) / LATELY_S,
            timedelta(seconds=self.run_s) if self.waits else None,
            self.ceiling,
        )
        self.wanted.append((self.now, max(1, need([demand], slots_a_worker=SLOTS, target=TARGET).desired)))
        while self.wanted[0][0] < self.now - STEADY_S:
            self.wanted.popleft()
        size = max(one for _, one in self.wanted)
        self.starting += [self.now + START_S] * (size - self.workers - len(self.starting))
        self.workers = min(self.workers, size)
        self.history.append(size)


def reversals(history: list[int]) -> int:
    """Return how often the number of workers turned from growing to shrinking or back."""
    steps = [after - before for before, after in pairwise(history) if after != before]
    return sum((one > 0) != (other > 0) for one, other in pairwise(steps))


@pytest.mark.parametrize("run_s", [0.5, 2.0, 8.0])
@pytest.mark.parametrize("over_s", [1.0, 60.0])
def test_three_bursts_are_followed_up_and_down(run_s: float, over_s: float) -> None:
    """Jobs wait no longer than the target, workers turn at most once a burst, and one is left in the end."""
    fleet = Fleet(run_s)
    for _ in range(3):
        seen, polled = len(fleet.waits), len(fleet.history)
        fleet.burst(jobs=400, over_s=over_s, then_s=240.0)
        waits, history = sorted(fleet.waits[seen:]), fleet.history[polled:]
        assert len(waits) == 400
        assert max(history) > 1 or 400 / over_s * run_s < SLOTS
        assert reversals(history) <= 1
        assert history[-1] == 1
        assert waits[int(len(waits) * 0.95)] <= TARGET.total_seconds()


def test_nobody_comes_for_what_a_limit_forbids() -> None:
    """Four slots are all that the limit lets through: one worker has them, however long the row."""
    fleet = Fleet(1.0, Ceiling(running=SLOTS))
    fleet.burst(jobs=400, over_s=1.0, then_s=240.0)

    assert set(fleet.history) == {1}
