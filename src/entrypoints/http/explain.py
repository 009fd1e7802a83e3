"""GET /jobs/{id}/explain and /queues/{name}/explain: why a job is not running, why a queue starts nothing."""

from typing import Any

from ...domain.errors import QueueNotFound
from . import explain_render, explain_wire, wire
from .endpoint import Answer, Call, endpoint, missing_job
from .job import PATH, READ
from .queues import ONE, named
from .queues import READ as READ_QUEUES
from .services import HttpServices


@endpoint("GET", f"{PATH}/explain", access=READ, answers={200: explain_wire.JobExplanation}, tag="jobs")
async def explain_job(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:
    """Say why a job is not running: what keeps it from being claimed first, then what it waits for beside.

    Who sees only their own jobs is told that places are taken, but not by whose jobs.
    """
    found = await services.explain.job(call.job_id, call.principal)
    if found is None:
        raise missing_job()
    return Answer.of(explain_render.job(*found))


@endpoint("GET", f"{ONE}/explain", access=READ_QUEUES, answers={200: explain_wire.QueueExplanation}, tag="queues")
async def explain_queue(services: HttpServices, call: Call[wire.Empty, Any]) -> Answer:
    """Say why a queue starts nothing, or nothing more; counts end at 10,001."""
    name = named(call)
    found = await services.explain.queue(name, call.principal)
    if found is None:
        raise QueueNotFound(name)
    return Answer.of(explain_render.queue(*found))


ENDPOINTS = (explain_job, explain_queue)
