"""GET /stats/scaling: flat numbers for autoscalers."""

from datetime import timedelta
from typing import Annotated

import msgspec

from ...domain.access import Scope
from . import wire
from .endpoint import API, Answer, Call, any_of, endpoint
from .failure_wire import Target
from .problems import Problem
from .services import HttpServices


class ScalingQuery(msgspec.Struct):
    """Whose need: of queues that the same workers serve (none: all); what one worker is, and how long is too long."""

    queue: tuple[wire.Name, ...] = ()
    slots: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    target_wait_s: Target = 30.0


class Scaling(msgspec.Struct):
    """How much work there is, and how many workers it takes for no job to wait longer than its queue's target.

    `ready` and `running` are counted to 10,001 a queue. `desired` is never less than what runs needs.
    """

    ready: int
    running: int
    oldest_ready_s: float
    arrivals_per_s: float
    slots_wanted: float
    desired: int


@endpoint(
    "GET",
    f"{API}/stats/scaling",
    access=any_of(Scope.STATS_READ),
    query=ScalingQuery,
    answers={200: Scaling},
    tag="stats",
)
async def get_scaling(services: HttpServices, call: Call[ScalingQuery, None]) -> Answer:
    """Tell an autoscaler how many workers of `slots` slots the named queues need; limits and pauses are counted in.

    `target_wait_s` is for queues that have no target of their own.
    """
    query, principal = call.query, call.principal
    if principal.queue_globs and not query.queue:
        raise Problem("forbidden", "This key is confined to queues: name those that you ask about.")
    if not all(principal.reaches(name) for name in query.queue):
        raise Problem("forbidden", "This key is confined to other queues.")
    target = timedelta(seconds=query.target_wait_s)
    told = await services.need(query.queue, slots_a_worker=query.slots, target=target)
    return Answer.of(
        Scaling(
            ready=told.ready,
            running=told.running,
            oldest_ready_s=round(told.oldest_ready.total_seconds(), 3),
            arrivals_per_s=round(told.arrivals, 3),
            slots_wanted=round(told.slots, 3),
            desired=told.desired,
        )
    )


ENDPOINTS = (get_scaling,)
