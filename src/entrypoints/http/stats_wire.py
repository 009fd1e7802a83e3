"""The forms of statistics on the wire."""

from msgspec import Struct

from ...domain.statistics import Period
from . import wire
from .failure_wire import GroupOut
from .list_wire import CountOut
from .schedule_wire import NextFire


class LatencyOut(Struct):
    """How long it took half of them, 95 and 99 of a hundred, to a fifth; `null` where nothing was counted."""

    count: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class PointOut(Struct):
    """What happened in the minute or hour that began at `at`.

    `done` are the jobs that ended: `succeeded`, `dead` and `cancelled`. `failed` are attempts that failed, timed out,
    crashed or gave up, `retried` those of them after which the job was queued again. `wait` is from when a job was
    due to when its handler began, `run` from there to the end, both of attempts that ended here.
    """

    at: wire.Instant
    enqueued: int
    done: int
    succeeded: int
    dead: int
    cancelled: int
    failed: int
    retried: int
    wait: LatencyOut
    run: LatencyOut


class Series(Struct):
    """A point for each step, also where nothing happened; the last may not have ended."""

    step: Period
    items: list[PointOut]
    server_time: wire.Instant


class Latencies(Struct):
    """What jobs waited and how long they ran, in the last hour."""

    wait: LatencyOut
    run: LatencyOut


class Tiles(Struct):
    """The figures that matter most; those that are `capped` are at least so many."""

    ready: CountOut
    scheduled: CountOut
    running: CountOut
    retrying: CountOut
    dead: int
    enqueued_per_minute: int
    done_per_minute: int


class QueueFigures(Struct):
    """What a queue holds now; `oldest_ready_s` is for how long the first of the ready has been due."""

    name: str
    ready: CountOut
    scheduled: CountOut
    running: CountOut
    retrying: CountOut
    dead: int
    oldest_ready_s: float | None


class StuckOut(Struct):
    """A job that runs although its lease ran out, or its time is long over, `overdue_s` ago."""

    job_id: wire.Id
    task: str
    queue: str
    worker_id: wire.Id
    started_at: wire.Instant | None
    overdue_s: float


class OverviewOut(Struct):
    """Everything at one glance: figures of now, the last hour by minutes, what is wrong, what fires next."""

    server_time: wire.Instant
    tiles: Tiles
    history: list[PointOut]
    latency: Latencies
    queues: list[QueueFigures]
    errors: list[GroupOut]
    stuck: list[StuckOut]
    schedules: list[NextFire]


class QueueStats(QueueFigures):
    """What one queue holds now, and its last hour by minutes."""

    server_time: wire.Instant
    enqueued_per_minute: int
    done_per_minute: int
    latency: Latencies
    history: list[PointOut]
