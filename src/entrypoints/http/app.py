"""The API as one ASGI application."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from ...application.ports.metering import UNMETERED, Meter
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
    events,
    explain,
    export,
    health,
    job,
    job_stream,
    jobs,
    links,
    me,
    metrics,
    queue_steering,
    queues,
    refusals,
    rerun,
    scaling,
    schedules,
    session,
    stats,
    steer,
    suggest,
    system,
    tasks,
    users,
)
from .bare import Asgi, bare_routes
from .dashboard import BASE, Dashboard
from .dispatch import Dispatch
from .endpoint import Endpoint, Method
from .envelope import wrap
from .openapi import document
from .origins import Origins, admitting, answer_preflight, is_preflight
from .services import HttpServices

API_ENDPOINTS: tuple[Endpoint, ...] = (
    *enqueue.ENDPOINTS,
    *bulk.ENDPOINTS,
    *bulk_operations.ENDPOINTS,
    *audit.ENDPOINTS,
    *jobs.ENDPOINTS,
    *count.ENDPOINTS,
    *export.ENDPOINTS,
    *suggest.ENDPOINTS,
    *job.ENDPOINTS,
    *job_stream.ENDPOINTS,
    *attempts.ENDPOINTS,
    *explain.ENDPOINTS,
    *steer.ENDPOINTS,
    *rerun.ENDPOINTS,
    *queues.ENDPOINTS,
    *queue_steering.ENDPOINTS,
    *schedules.ENDPOINTS,
    *dead_letters.ENDPOINTS,
    *stats.ENDPOINTS,
    *tasks.ENDPOINTS,
    *session.ENDPOINTS,
    *me.ENDPOINTS,
    *events.ENDPOINTS,
    *users.ENDPOINTS,
    *api_keys.ENDPOINTS,
    *scaling.ENDPOINTS,
    *system.ENDPOINTS,
    *health.ENDPOINTS,
)
ENDPOINTS: tuple[Endpoint, ...] = (
    *API_ENDPOINTS,
    *metrics.ENDPOINTS,
    *links.ENDPOINTS,
    *docs.endpoints(document(API_ENDPOINTS)),
)


BARE = enqueue.ENDPOINTS
"""Litestar knows them too: for what is asked of their paths otherwise, and to write them in another way."""


class Application(Litestar):
    """Litestar, with every request in an envelope: also those that find no route.

    The busiest do not ask the router, nor do those for the dashboard's files.
    """

    bare: Mapping[tuple[str, str], Asgi] = MappingProxyType({})
    origins: Origins = Origins()
    meter: Meter = UNMETERED
    dashboard: Dashboard = Dashboard()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if self.origins:
            origin = self.origins.of_request(scope)
            send = admitting(send, origin)
            if origin is not None and is_preflight(scope):
                await wrap(_preflight, scope, receive, send, self.meter)
                return
        bare = self.bare.get((scope["method"], scope["path"]))
        if bare is not None:
            scope.setdefault("state", {})["route"] = scope["path"]
        straight = bare or self._files(scope["path"])
        await wrap(straight or super().__call__, scope, receive, send, self.meter)

    def _files(self, path: str) -> Asgi | None:
        return self.dashboard if path == BASE or path.startswith(f"{BASE}/") else None


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
    app.meter = services.meter
    refuse_open_routes(app)
    app.bare = bare_routes(BARE, services)
    app.origins = Origins.of(services.origins)
    return app


async def _preflight(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - an ASGI application
    await answer_preflight(send)


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
