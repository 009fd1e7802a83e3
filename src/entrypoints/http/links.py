"""Short addresses that people pass on."""

from . import wire
from .endpoint import PUBLIC, Answer, Call, endpoint, job_id
from .services import HttpServices


@endpoint("GET", "/j/{shown:str}", access=PUBLIC)
async def show_job(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Lead to the page of a job; whether there is such a job, and whose, is said only to who signs in there."""
    shown = job_id({"job_id": call.parameters["shown"]})
    return Answer(status=302, headers={"Location": f"/ui/jobs/view/?id={shown}"})


ENDPOINTS = (show_job,)
