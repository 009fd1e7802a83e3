"""The API as one ASGI application."""

from typing import Any, Literal

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from . import (
    api_keys,
    attempts,
    audit,
    bulk,
    bulk_operations,
    count,
    dead_letters,
    docs,
    enqueue,
    explain,
    health,
    job,
    jobs,
    me,
    queue_steering,
    queues,
    refusals,
    rerun,
    schedules,
    session,
    steer,
    system,
    tasks,
    users,
)
from .dispatch import Dispatch
from .endpoint import Endpoint, Method
from .envelope import wrap
from .openapi import document
from .services import HttpServices

API_ENDPOINTS: tuple[Endpoint, ...] = (
    *enqueue.ENDPOINTS,
    *bulk.ENDPOINTS,
    *bulk_operations.ENDPOINTS,
    *audit.ENDPOINTS,
    *jobs.ENDPOINTS,
    *count.ENDPOINTS,
    *job.ENDPOINTS,
    *attempts.ENDPOINTS,
    *explain.ENDPOINTS,
    *steer.ENDPOINTS,
    *rerun.ENDPOINTS,
    *queues.ENDPOINTS,
    *queue_steering.ENDPOINTS,
    *schedules.ENDPOINTS,
    *dead_letters.ENDPOINTS,
    *tasks.ENDPOINTS,
    *session.ENDPOINTS,
    *me.ENDPOINTS,
    *users.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *system.ENDPOINTS,
    *health.ENDPOINTS,
)
ENDPOINTS: tuple[Endpoint, ...] = (*API_ENDPOINTS, *docs.endpoints(document(API_ENDPOINTS)))


class Application(Litestar):
    """Litestar, with every request in an envelope: also those that find no route."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection event."""
        if scope["type"] == "http":
            await wrap(super().__call__, scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class OpenRoute(Exception):
    """A route of the API says nowhere for whom it is open. Declare it with `endpoint(…, access=…)`."""


def create_app(services: HttpServices) -> Litestar:
    """Return the API over `services`; raise `OpenRoute` if any route was added without saying who may call it."""
    app = Application(
        route_handlers=[_route(endpoint, services) for endpoint in ENDPOINTS],
        exception_handlers={Exception: refusals.handle},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    refuse_open_routes(app)
    return app


def refuse_open_routes(app: Litestar) -> None:
    """Raise `OpenRoute` for the first route that does not come from an `Endpoint`."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            options_only = getattr(handler, "http_methods", None) == {"OPTIONS"}
            if not options_only and not isinstance(handler.opt.get("endpoint"), Endpoint):
                raise OpenRoute(f"{route.path} ({handler})")


def _route(endpoint: Endpoint, services: HttpServices) -> HTTPRouteHandler:
    dispatch = Dispatch(endpoint, services)

    async def answer(request: Request[Any, Any, Any]) -> ASGIResponse:
        return await dispatch(request)

    methods: list[Method | Literal["HEAD"]] = ["GET", "HEAD"] if endpoint.method == "GET" else [endpoint.method]
    limit = endpoint.body.limit(services) if endpoint.body else services.limits.margin
    return HTTPRouteHandler(
        endpoint.path,
        http_method=methods,
        name=endpoint.name,
        opt={"endpoint": endpoint},
        request_max_body_size=limit,
        status_code=200,
    )(answer)
