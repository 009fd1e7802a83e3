"""How many workers a backlog needs: from what waits and runs, how fast jobs come and how long they take."""

import math
from collections.abc import Iterable
from datetime import timedelta

import attrs

ASSUMED = timedelta(seconds=1)
"""How long a job is taken to run where nobody knows yet: the first that end say better."""

QUICKEST = 0.001
PLANNED_PART = 0.75
"""So much of the target is planned with; the rest is for whoever polls, and for workers to start."""

LEAST_PART = 0.2
"""A backlog is planned to be gone within what is left of that, but never sooner than in this part of it: one that is
overdue already would ask for everything at once."""


@attrs.frozen
class Ceiling:
    """What the limits of a queue let through; `None` lets through everything. A pause lets nothing start."""

    running: int | None = None
    starts_a_second: float | None = None
    paused: bool = False


OPEN = Ceiling()


@attrs.frozen
class Demand:
    """What one queue asks for, as far as the database tells.

    `ready` and `running` are counted to a bound. `arrivals` is how many jobs came a second lately, `run` how long the
    last ones ran, `None` if nobody knows. `target` is how long its jobs may wait, `None` if that is left to who asks.
    """

    queue: str
    ready: int = 0
    running: int = 0
    oldest_ready: timedelta | None = None
    arrivals: float = 0.0
    run: timedelta | None = None
    ceiling: Ceiling = OPEN
    target: timedelta | None = None


@attrs.frozen
class Need:
    """What an autoscaler is told. `desired` is how many workers there should be, `slots` how many jobs at a time."""

    ready: int
    running: int
    oldest_ready: timedelta
    arrivals: float
    slots: float
    desired: int


def need(demands: Iterable[Demand], *, slots_a_worker: int, target: timedelta) -> Need:
    """Return how many workers let jobs wait no longer than their queue's target, for queues that they serve together.

    `target` is that of queues which have none of their own.
    """
    asked = list(demands)
    slots = sum(slots_wanted(demand, demand.target or target) for demand in asked)
    oldest = max((demand.oldest_ready or timedelta(0) for demand in asked), default=timedelta(0))
    return Need(
        ready=sum(demand.ready for demand in asked),
        running=sum(demand.running for demand in asked),
        oldest_ready=oldest,
        arrivals=sum(demand.arrivals for demand in asked),
        slots=slots,
        desired=math.ceil(round(slots / slots_a_worker, 9)),
    )


def slots_wanted(demand: Demand, target: timedelta) -> float:
    """Return how many jobs of a queue should run at a time.

    What comes steadily keeps arrivals times run time slots busy (Little's law); what waits is to be gone before its
    oldest has waited for `target`. More than there are jobs is no use, fewer than run would take busy workers away,
    and what a limit forbids no worker can start.
    """
    run = max((demand.run or ASSUMED).total_seconds(), QUICKEST)
    waited = (demand.oldest_ready or timedelta(0)).total_seconds()
    planned = target.total_seconds() * PLANNED_PART
    left = max(planned - waited, planned * LEAST_PART, run * LEAST_PART)
    steady = demand.arrivals * run
    wanted = min(steady + demand.ready * run / left, demand.ready + max(demand.running, steady))
    return max(min(max(wanted, 1.0 if demand.ready else 0.0), _allowed(demand, run)), demand.running)


def _allowed(demand: Demand, run: float) -> float:
    ceiling = demand.ceiling
    if ceiling.paused:
        return 0.0
    by_rate = math.inf if ceiling.starts_a_second is None else max(ceiling.starts_a_second * run, 1.0)
    return min(by_rate, math.inf if ceiling.running is None else ceiling.running)
