"""What is counted for those who watch an installation: each family of numbers once, with its labels and its meaning."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeAlias

import attrs

Labels: TypeAlias = tuple[str, ...]
"""The values of a family's labels, in its order."""


class Kind(StrEnum):
    """What becomes of a family's numbers: they grow, they come and go, or they are sorted into buckets."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@attrs.frozen(eq=False)
class Family:
    """Numbers of one meaning. Labels have few values: a queue, an outcome, never a job, a person or a path as sent."""

    name: str
    kind: Kind
    meaning: str
    labels: Labels = ()
    buckets: tuple[float, ...] = ()


WAITS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0)
RUNS = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0)
ANSWERS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

SETTLED = Family(
    "equeue_attempts_total",
    Kind.COUNTER,
    "Attempts that this worker settled, by how they ended and what became of the job.",
    ("queue", "outcome", "status"),
)
WAITED = Family(
    "equeue_wait_seconds",
    Kind.HISTOGRAM,
    "How long jobs were due before this worker claimed them.",
    ("queue",),
    WAITS,
)
RAN = Family("equeue_run_seconds", Kind.HISTOGRAM, "How long handlers ran, whatever came of it.", ("queue",), RUNS)
LOST = Family(
    "equeue_leases_lost_total",
    Kind.COUNTER,
    "Endings that were refused because the lease was somebody else's by then.",
    ("queue",),
)
LAPSED = Family(
    "equeue_leases_lapsed_total",
    Kind.COUNTER,
    "Leases that ran out and were taken over by this process: workers died, hung or were cut off.",
    ("status",),
)
SLOTS = Family("equeue_worker_slots", Kind.GAUGE, "How many jobs this worker runs at a time at most.")
BUSY = Family("equeue_worker_running", Kind.GAUGE, "How many slots of this worker are taken.")
HELD = Family("equeue_worker_held", Kind.GAUGE, "Leases that this worker holds: running, waiting for a slot, ending.")
UNWRITTEN = Family("equeue_worker_unwritten", Kind.GAUGE, "Endings that this worker has yet to write.")
STUCK = Family("equeue_worker_stuck", Kind.GAUGE, "Handlers that ignored cancellation and were given up on.")
REQUESTS = Family(
    "equeue_http_requests_total",
    Kind.COUNTER,
    "Requests answered, by method, route as declared, and status.",
    ("method", "route", "status"),
)
ANSWERED = Family("equeue_http_request_seconds", Kind.HISTOGRAM, "How long answers took.", ("method",), ANSWERS)
READY = Family(
    "equeue_jobs_ready", Kind.GAUGE, "Jobs that are due and wait, at most 10,001 a queue are counted.", ("queue",)
)
RUNNING = Family("equeue_jobs_running", Kind.GAUGE, "Jobs that hold a lease, at most 10,001 are counted.", ("queue",))
OLDEST = Family(
    "equeue_oldest_ready_seconds", Kind.GAUGE, "For how long the longest waiting job has been due.", ("queue",)
)
DEAD = Family("equeue_dead_letters", Kind.GAUGE, "Jobs that lie dead.", ("queue",))
SNAPSHOT = Family(
    "equeue_oldest_snapshot_seconds",
    Kind.GAUGE,
    "Age of the oldest transaction that keeps vacuum from cleaning up; needs pg_read_all_stats to see others'.",
)
DATABASE_UP = Family("equeue_database_up", Kind.GAUGE, "1 if the database answered this scrape.")
SCHEMA_FITS = Family("equeue_schema_fits", Kind.GAUGE, "1 if the database's schema fits this build.")
HINTS_UP = Family("equeue_hints_up", Kind.GAUGE, "1 if hints flow (Redis or NOTIFY); without them workers poll.")
BUILD = Family("equeue_build_info", Kind.GAUGE, "Always 1; says which version this process runs.", ("version",))

OF_WORKERS = (SETTLED, WAITED, RAN, LOST, LAPSED, SLOTS, BUSY, HELD, UNWRITTEN, STUCK, BUILD)
OF_API = (
    *(REQUESTS, ANSWERED, LAPSED, READY, RUNNING, OLDEST, DEAD, SNAPSHOT),
    *(DATABASE_UP, SCHEMA_FITS, HINTS_UP, BUILD),
)
FAMILIES = tuple(dict.fromkeys((*OF_WORKERS, *OF_API)))


class Meter(Protocol):
    """Keeps the numbers of one process. Callable from any thread; none of it waits or raises."""

    def add(self, family: Family, labels: Labels, amount: float = 1.0) -> None:
        """Add to a counter."""
        ...

    def observe(self, family: Family, labels: Labels, value: float) -> None:
        """Sort a value into a histogram's buckets."""
        ...

    def show(self, families: Sequence[Family], gauges: Mapping[Family, Mapping[Labels, float]]) -> str:
        """Return the page that Prometheus reads: `families` with what was counted, and `gauges` as they are now."""
        ...


@attrs.frozen
class Unmetered:
    """A meter for those whom nobody watches."""

    def add(self, family: Family, labels: Labels, amount: float = 1.0) -> None:
        """Count nothing."""

    def observe(self, family: Family, labels: Labels, value: float) -> None:
        """Sort nothing."""

    def show(
        self,
        families: Sequence[Family],  # noqa: ARG002 - the port's
        gauges: Mapping[Family, Mapping[Labels, float]] = MappingProxyType({}),  # noqa: ARG002 - the port's
    ) -> str:
        """Return an empty page."""
        return ""


UNMETERED = Unmetered()
