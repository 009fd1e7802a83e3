"""A steady trickle of jobs from a producer that outlives every restart of the database."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

import attrs
from tests.chaos.app import stamp
from tests.chaos.ledger import Line

from equeue import Producer

SECOND = 1_000_000_000


@attrs.frozen
class Fed:
    """One job as its caller saw it: the clock before the call and after it."""

    job_id: UUID
    called: int
    returned: int


class Feeder:
    """Enqueues a job every `gap` seconds until stopped; each call returns once its job is durable."""

    def __init__(self, url: str, gap: float) -> None:
        self._gap = gap
        self._producer = Producer(url, patience_s=60)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.fed: list[Fed] = []
        self.broken: Exception | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> Sequence[Fed]:
        """End, and return everything that was acknowledged."""
        self._stop.set()
        self._thread.join(90)
        self._producer.close()
        if self.broken is not None:
            raise self.broken
        return self.fed

    def _run(self) -> None:
        while not self._stop.wait(self._gap):
            called = time.monotonic_ns()
            try:
                job = self._producer.enqueue(stamp)
            except Exception as broken:  # noqa: BLE001 - told by `stop`
                self.broken = broken
                return
            self.fed.append(Fed(job.id, called, time.monotonic_ns()))


@contextmanager
def feeding(url: str, gap: float) -> Iterator[Feeder]:
    """Give a feeder that feeds; it has stopped afterwards."""
    feeder = Feeder(url, gap)
    feeder.start()
    try:
        yield feeder
    finally:
        feeder.stop()


@attrs.frozen
class Pickups:
    """When each fed job was called for, and when it first began, in nanoseconds."""

    times: Sequence[tuple[int, int]]

    @classmethod
    def of(cls, fed: Sequence[Fed], begun: Sequence[Line]) -> "Pickups":
        """Match calls with first beginnings."""
        first: dict[UUID, int] = {}
        for line in begun:
            first.setdefault(line.job_id, line.at)
        return cls(sorted((each.returned, first[each.job_id]) for each in fed if each.job_id in first))

    def median_ms(self, since: int, until: int) -> float:
        """Return the median pickup, from the call's return, of jobs that were acknowledged in between."""
        waits = [begun - returned for returned, begun in self.times if since <= returned < until]
        return statistics.median(waits) / 1e6 if waits else float("inf")

    def rate(self, since: int, until: int) -> float:
        """Return the beginnings a second in between."""
        return sum(since <= begun < until for _, begun in self.times) / (until - since) * SECOND

    def back_after(self, since: int, until: int, median_ms: float, rate: float) -> float:
        """Return the seconds after `since` from which on a whole second was as fast and as busy as asked."""
        step = SECOND // 20
        for at in range(since, until - SECOND, step):
            if self.median_ms(at, at + SECOND) <= median_ms and self.rate(at, at + SECOND) >= rate:
                return (at - since) / SECOND
        return float("inf")
