"""Whether the process lives, and whether it wants traffic."""

from . import wire
from .endpoint import PUBLIC, Answer, Call, endpoint
from .problems import Problem
from .services import HttpServices


@endpoint("GET", "/health/live", access=PUBLIC, answers={200: wire.Alive}, tag="health")
async def check_live(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Tell that the process's loop turns; nothing else is touched."""
    return Answer.of(wire.Alive())


@endpoint(
    "GET",
    "/health/ready",
    access=PUBLIC,
    answers={200: wire.ReadyAnswer},
    problems=("not-ready",),
    tag="health",
)
async def check_ready(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Tell whether traffic is welcome: the database answers, its schema fits this build, the process is not ending."""
    if services.drain:
        raise Problem("not-ready", "The process is about to stop.")
    readiness = await services.ready()
    if not readiness.ready:
        wrong = [f"{name}: {check.detail}" for name, check in readiness.checks().items() if not check.ok]
        raise Problem("not-ready", "; ".join(wrong), headers={"Retry-After": "1"})
    checks = {name: wire.CheckOut(check.ok, check.detail) for name, check in readiness.checks().items()}
    return Answer.of(wire.ReadyAnswer("degraded" if readiness.degraded else "ready", checks))


ENDPOINTS = (check_live, check_ready)
