"""Statistics: everything at one glance, what happened step by step, and one queue's figures."""

import msgspec

from ...application.enqueue import everywhere
from ...application.ports.dead_letters import GroupFilter
from ...application.ports.statistics import Count, Depth, Stuck
from ...application.statistics import Overview
from ...domain.access import Principal, Scope
from ...domain.errors import QueueNotFound
from ...domain.histogram import Histogram
from ...domain.ids import NAME
from ...domain.statistics import Period, Point
from . import render, schedule_wire, stats_wire, wire
from .dead_letters import shown
from .endpoint import API, Answer, Call, any_of, endpoint
from .list_wire import CountOut
from .schedule_forms import next_fire
from .services import HttpServices

PATH = f"{API}/stats"
READ = any_of(Scope.STATS_READ, Scope.JOBS_READ)
QUEUES_SHOWN = 200
SCHEDULES_SHOWN = 10


class SeriesQuery(msgspec.Struct):
    """Of which queues and tasks, from when to when, and in which steps."""

    queue: tuple[wire.Name, ...] = ()
    task: tuple[wire.Name, ...] = ()
    step: Period = Period.MINUTE
    since: wire.Moment | None = None
    until: wire.Moment | None = None


class OverviewQuery(msgspec.Struct):
    """Of which queues."""

    queue: tuple[wire.Name, ...] = ()


@endpoint(
    "GET",
    f"{PATH}/overview",
    access=READ,
    query=OverviewQuery,
    answers={200: stats_wire.OverviewOut},
    tag="statistics",
)
async def show_overview(services: HttpServices, call: Call[OverviewQuery, None]) -> Answer:
    """Show everything at one glance: what waits, runs and lies dead, the last hour, what is wrong, what fires next.

    Nothing is counted beyond 10,000, or a share of it where there are many queues: what is `capped` is at least so
    much. A member sees the figures of own jobs: of those, what waits and runs among the newest 10,000.
    """
    seen = await services.statistics.overview(_reach(call.principal, call.query.queue))
    deepest = sorted(seen.depths, key=_pressing)[:QUEUES_SHOWN]
    answer = stats_wire.OverviewOut(
        render.instant(seen.now),
        _tiles(seen),
        [_point(point) for point in seen.points],
        _latencies(seen),
        [_queue(depth) for depth in deepest],
        [shown(group) for group in seen.causes],
        [_stuck(told) for told in seen.stuck],
        await _next_fires(services, call.principal, call.query.queue),
    )
    return Answer.of(answer)


@endpoint("GET", f"{PATH}/series", access=READ, query=SeriesQuery, answers={200: stats_wire.Series}, tag="statistics")
async def show_series(services: HttpServices, call: Call[SeriesQuery, None]) -> Answer:
    """Show what happened by minutes (of the last day) or hours (of the last ninety).

    Without `since` these are the last hour or the last day. A member sees what happened to own jobs.
    """
    query = call.query
    where = _reach(call.principal, query.queue, query.task)
    points = await services.statistics.series(where, query.step, query.since, query.until)
    return Answer.of(
        stats_wire.Series(query.step, [_point(point) for point in points], render.instant(services.clock.now()))
    )


@endpoint(
    "GET", f"{API}/queues/{{name:str}}/stats", access=READ, answers={200: stats_wire.QueueStats}, tag="statistics"
)
async def show_queue_stats(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Show what one queue holds, and its last hour; 404 for a name that nobody ever used."""
    name = call.parameters["name"]
    if not NAME.fullmatch(name) or not call.principal.reaches(name):
        raise QueueNotFound(name)
    seen = await services.statistics.queue(name, _reach(call.principal, ()))
    depth = seen.depths[0] if seen.depths else Depth(name)
    answer = stats_wire.QueueStats(
        server_time=render.instant(seen.now),
        **msgspec.structs.asdict(_queue(depth)),
        enqueued_per_minute=seen.minute.enqueued,
        done_per_minute=seen.minute.done,
        latency=_latencies(seen),
        history=[_point(point) for point in seen.points],
    )
    return Answer.of(answer)


async def _next_fires(
    services: HttpServices, principal: Principal, queues: tuple[str, ...]
) -> list[schedule_wire.NextFire]:
    """Return what schedules bring next, to who may look at them."""
    if not (principal.may(Scope.JOBS_READ) or principal.may(Scope.SCHEDULES_ADMIN)):
        return []

    def reaches(queue: str) -> bool:
        return principal.reaches(queue) and (not queues or queue in queues)

    reach = reaches if queues or principal.queue_globs else everywhere
    found = await services.schedules.soonest(SCHEDULES_SHOWN, owner=principal.sees_only, reaches=reach)
    return [next_fire(services.calendar, each, each.next_at) for each in found if each.next_at is not None]


def _reach(principal: Principal, queues: tuple[str, ...], tasks: tuple[str, ...] = ()) -> GroupFilter:
    return GroupFilter(principal.sees_only, queues, tasks, principal.queue_globs)


def _pressing(depth: Depth) -> tuple[int, float, str]:
    """Return what queues are ordered by: those that hold most, of these the ones that wait longest."""
    age = depth.oldest_ready.total_seconds() if depth.oldest_ready else 0.0
    return -(depth.ready.value + depth.running.value), -age, depth.queue


def _tiles(seen: Overview) -> stats_wire.Tiles:
    return stats_wire.Tiles(
        _count(seen.ready),
        _count(seen.scheduled),
        _count(seen.running),
        _count(seen.retrying),
        seen.dead,
        seen.minute.enqueued,
        seen.minute.done,
    )


def _latencies(seen: Overview) -> stats_wire.Latencies:
    return stats_wire.Latencies(_latency(seen.lately.waits), _latency(seen.lately.runs))


def _latency(histogram: Histogram) -> stats_wire.LatencyOut:
    quantiles = (histogram.quantile(share) for share in (0.5, 0.95, 0.99))
    return stats_wire.LatencyOut(
        histogram.total, *(None if told is None else round(told.total_seconds(), 6) for told in quantiles)
    )


def _point(point: Point) -> stats_wire.PointOut:
    told = point.figures
    counts = told.enqueued, told.done, told.succeeded, told.dead, told.cancelled, told.failed, told.retried
    return stats_wire.PointOut(render.instant(point.at), *counts, _latency(told.waits), _latency(told.runs))


def _queue(depth: Depth) -> stats_wire.QueueFigures:
    return stats_wire.QueueFigures(
        depth.queue,
        _count(depth.ready),
        _count(depth.scheduled),
        _count(depth.running),
        _count(depth.retrying),
        depth.dead,
        None if depth.oldest_ready is None else depth.oldest_ready.total_seconds(),
    )


def _stuck(told: Stuck) -> stats_wire.StuckOut:
    started_at = None if told.started_at is None else render.instant(told.started_at)
    ids = str(told.job_id), told.task, told.queue, str(told.worker_id)
    return stats_wire.StuckOut(*ids, started_at, told.overdue.total_seconds())


def _count(count: Count) -> CountOut:
    return CountOut(count.value, count.capped)


ENDPOINTS = (show_overview, show_series, show_queue_stats)
