"""GET /jobs/count: how many jobs there are, as far as anybody cares to know."""

from collections.abc import Collection
from typing import Final

from ...application.ports.reads import Count
from ...domain.access import Scope
from . import list_wire, steering
from .endpoint import API, Answer, Call, any_of, endpoint
from .filtering import FilterQuery, job_filter
from .services import HttpServices

CAP: Final = 10_001
"""Nobody waits for a count beyond this; that there are more is all that is told."""


@endpoint(
    "GET",
    f"{API}/jobs/count",
    access=any_of(Scope.JOBS_READ),
    query=FilterQuery,
    answers={200: steering.JobCount},
    problems=("bad-filter",),
    tag="jobs",
)
async def count_jobs(services: HttpServices, call: Call[FilterQuery, None]) -> Answer:
    """Count jobs by status, each status and their sum to 10,001 at most.

    Where no index serves the filter only the newest jobs are looked at, and the counts are capped earlier.
    """
    counted = await services.reads.count(job_filter(call.query, call.principal), CAP)
    by_status = {status.value: list_wire.CountOut(count.value, count.capped) for status, count in counted.items()}
    return Answer.of(steering.JobCount(total(counted.values()), by_status))


def total(counts: Collection[Count]) -> list_wire.CountOut:
    """Return the sum of some counts, capped as each of them is."""
    number = sum(count.value for count in counts)
    return list_wire.CountOut(min(number, CAP), number >= CAP or any(count.capped for count in counts))


ENDPOINTS = (count_jobs,)
