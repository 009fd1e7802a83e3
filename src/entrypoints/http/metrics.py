"""GET /metrics: numbers for Prometheus. Anybody who reaches the port may read them; keep it inside."""

from . import wire
from .endpoint import PUBLIC, Answer, Call, endpoint
from .services import HttpServices

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@endpoint("GET", "/metrics", access=PUBLIC)
async def get_metrics(services: HttpServices, call: Call[wire.Empty, None]) -> Answer:  # noqa: ARG001
    """Show what this process counted, and how the database stands."""
    return Answer((await services.metrics()).encode(), media_type=TEXT)


ENDPOINTS = (get_metrics,)
