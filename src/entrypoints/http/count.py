"""GET /jobs/count: how many jobs there are, as far as anybody cares to know."""

from typing import Final

import msgspec

from ...application.ports.reads import JobFilter
from ...domain.access import Scope
from ...domain.status import JobStatus
from . import steering, wire
from .endpoint import API, Answer, Call, any_of, endpoint
from .services import HttpServices

CAP: Final = 10_001
"""Nobody waits for a count beyond this; that there are more is all that is told."""


class CountQuery(msgspec.Struct):
    """Which jobs."""

    status: tuple[JobStatus, ...] = ()
    queue: tuple[wire.Name, ...] = ()
    task: tuple[wire.Name, ...] = ()


@endpoint(
    "GET",
    f"{API}/jobs/count",
    access=any_of(Scope.JOBS_READ),
    query=CountQuery,
    answers={200: steering.JobCount},
    tag="jobs",
)
async def count_jobs(services: HttpServices, call: Call[CountQuery, None]) -> Answer:
    """Count jobs by status, each status and their sum to 10,001 at most."""
    query, principal = call.query, call.principal
    where = JobFilter(principal.sees_only, query.status, query.queue, query.task, principal.queue_globs)
    counted = await services.reads.count(where, CAP)
    by_status = {status.value: _count(number) for status, number in counted.items()}
    return Answer.of(steering.JobCount(_count(sum(counted.values())), by_status))


def _count(number: int) -> steering.CountOut:
    return steering.CountOut(min(number, CAP), number >= CAP)


ENDPOINTS = (count_jobs,)
