"""What every request gets, whatever becomes of it: an id, safe headers, and one line in the log."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import structlog

from ...application.ports.metering import ANSWERED, REQUESTS, UNMETERED, Meter
from .problems import PROBLEM_JSON, Problem
from .wire import encode

if TYPE_CHECKING:
    from litestar.types import Message, Receive, Scope, Send

_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,64}")
_PATH_CHARS = 200
_QUIET = "/health/"
_METRICS = "/metrics"
_READING = frozenset({"GET", "HEAD"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REFUSED = 300
_log = structlog.get_logger("equeue.http")

SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


def request_id(scope: Any) -> str:
    """Return the id of a request: the caller's own if it is a tame one, else a fresh one."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = _given(scope["headers"]) or secrets.token_hex(16)
    known: str = state["request_id"]
    return known


def _given(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    values = [value for name, value in headers if name == b"x-request-id"]
    if len(values) == 1 and _REQUEST_ID.fullmatch(values[0]):
        return values[0].decode("ascii")
    return None


@attrs.define
class Envelope:
    """Wraps the sending side of one request."""

    scope: "Scope"
    onward: "Send"
    meter: Meter = UNMETERED
    began: float = attrs.field(factory=time.perf_counter)
    status: int = 0

    async def send(self, message: "Message") -> None:
        """Pass a message on, its headers completed; write the log line when the last one is out."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = _completed(message.get("headers", ()), request_id(self.scope))
        await self.onward(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._log()
            self._count()

    def _log(self) -> None:
        scope: Any = self.scope
        # The raw path is percent-encoded, so nothing in it can forge a line; the query may hold secrets and stays out.
        path = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1")[:_PATH_CHARS]
        principal = scope["state"].get("principal")
        (_log.debug if _is_routine(scope["method"], path, self.status) else _log.info)(
            "http.answered",
            method=scope["method"],
            path=path,
            status=self.status,
            ms=round((time.perf_counter() - self.began) * 1_000, 2),
            request_id=request_id(scope),
            principal=principal.name if principal else None,
        )

    def _count(self) -> None:
        scope: Any = self.scope
        declared = getattr(scope.get("route_handler"), "opt", {}).get("endpoint")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = scope["state"].get("route", "none") if declared is None else declared.path
        self.meter.add(REQUESTS, (method, route, str(self.status)))
        self.meter.observe(ANSWERED, (method,), time.perf_counter() - self.began)


def _is_routine(method: str, path: str, status: int) -> bool:
    """Tell whether nobody will miss the line: a probe, or a look that found what it looked for."""
    return path.startswith(_QUIET) or path == _METRICS or (method in _READING and status < _REFUSED)


def _completed(headers: Iterable[tuple[bytes, bytes]], id: str) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name.lower() for name, _ in given}
    given.append((b"x-request-id", id.encode("ascii")))
    given.extend(header for header in SAFE_HEADERS if header[0] not in names)
    if b"cache-control" not in names:
        given.append((b"cache-control", b"no-store"))
    return given


async def wrap(app: Any, scope: "Scope", receive: "Receive", send: "Send", meter: Meter) -> None:
    """Run `app` for one request inside an envelope."""
    known_as = request_id(scope)
    envelope = Envelope(scope, send, meter)
    try:
        await app(scope, receive, envelope.send)
    except asyncio.CancelledError:
        # The server gave up waiting for this request while it stops. Its task ends here, as it was asked to.
        if envelope.status:
            raise
        await _say_stopped(envelope, known_as)


async def _say_stopped(envelope: Envelope, id: str) -> None:
    problem = Problem("stopped", "The server was stopped before it had an answer. Repeat the request.")
    body = encode(problem.document(id))
    headers = [
        (b"content-type", PROBLEM_JSON.encode("ascii")),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await envelope.send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await envelope.send({"type": "http.response.body", "body": body, "more_body": False})
