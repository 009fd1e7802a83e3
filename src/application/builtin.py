"""The tasks that every worker knows without anybody's code: `http.request`."""

import json
import re
from datetime import timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote

import attrs

from .context import Context
from .http_answers import HttpResult, excerpt, is_passing, is_success, retry_after
from .ports.outbound import Outbound, OutboundFailed, OutboundRefused, OutboundRequest, OutboundResponse
from .ports.platform import Clock
from .tasks import Tasks
from .verdicts import Discard, Retry

HTTP_REQUEST = "http.request"
DEADLINE = timedelta(seconds=30)
RETRY_AFTER_CAP = timedelta(hours=1)

WITHIN_TIMEOUT = 0.9
"""The share of the job's own timeout after which a request is given up, so that its end can still be told."""

VALUE_CHARS = 4
PIECE_CHARS = 8
"""Shorter values, and shorter pieces of values and URLs, are not hidden in errors: that would hide every word."""

_PLAIN = frozenset(
    {"accept", "accept-language", "content-type", "equeue-fence", "idempotency-key", "traceparent", "user-agent"}
)
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Method: TypeAlias = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


def builtin_tasks(
    outbound: Outbound, clock: Clock, *, deadline: timedelta = DEADLINE, retry_after_cap: timedelta = RETRY_AFTER_CAP
) -> Tasks:
    """Return the built-in tasks, to be included beside the author's own.

    `deadline` bounds a request that names no `timeout_s`; no target's `Retry-After` counts beyond `retry_after_cap`.
    """
    tasks = Tasks()
    tasks.task(HTTP_REQUEST)(HttpRequest(outbound, clock, deadline, retry_after_cap).perform)
    return tasks


@attrs.frozen
class HttpRequest:
    """The behaviour of `http.request`, over whatever carries requests outside."""

    outbound: Outbound
    clock: Clock
    deadline: timedelta = DEADLINE
    retry_after_cap: timedelta = RETRY_AFTER_CAP

    async def perform(
        self,
        ctx: Context,
        url: str,
        method: Method = "GET",
        headers: dict[str, str] | None = None,
        body: Any = None,
        timeout_s: float | None = None,
    ) -> HttpResult:
        """Send one HTTP request and keep the answer; retried while the target is in trouble.

        `body` is sent as it is if it is text, else as JSON. Every attempt carries the job's id as
        `Idempotency-Key` and the trace it was enqueued in as `traceparent`, unless `headers` name others, and the
        fence as `Equeue-Fence`. 2xx is success; 408, 425, 429, 5xx and connection trouble are retried; anything else,
        redirects included, is given up.
        """
        if timeout_s is not None and timeout_s <= 0:
            raise Discard("timeout_s must be more than 0")
        if body is not None and method in ("GET", "HEAD"):
            raise Discard(f"a {method} request carries no body: say which method is meant")
        wish = self.deadline if timeout_s is None else timedelta(seconds=min(timeout_s, 86_400))
        request = OutboundRequest(
            method=method,
            url=url,
            headers=_marked(ctx, headers or {}, _content_type(body)),
            body=_encoded(body),
            deadline=min(wish, ctx.job.timeout * WITHIN_TIMEOUT),
        )
        return await self._exchange(request)

    async def _exchange(self, request: OutboundRequest) -> HttpResult:
        # `from None`: what lies beneath may quote the request or the answer, and tracebacks are stored.
        try:
            response = await self.outbound.send(request)
        except OutboundRefused as refused:
            raise Discard(str(refused)) from None
        except OutboundFailed as failed:
            raise Retry(str(failed)) from None
        if is_success(response.status):
            return HttpResult.of(response)
        why = _why(request, response)
        if is_passing(response.status):
            raise Retry(why, after=retry_after(response, self.clock.now(), self.retry_after_cap))
        raise Discard(why)


def _marked(ctx: Context, headers: dict[str, str], content_type: str | None) -> tuple[tuple[str, str], ...]:
    """Return the request's headers with ours; the fence cannot be forged, the others are only defaults."""
    given = {name.lower().replace("_", "-") for name in headers}
    if reserved := sorted(name for name in given if name.startswith("equeue-")):
        raise Discard(f"the header {reserved[0]} is eQueue's own")
    marks = {"Idempotency-Key": str(ctx.job.job_id), "Equeue-Fence": ctx.fence}
    if content_type is not None:
        marks["Content-Type"] = content_type
    if (trace := ctx.job.traceparent) is not None and _TRACEPARENT.fullmatch(trace):
        marks["traceparent"] = trace
    return (*headers.items(), *((name, value) for name, value in marks.items() if name.lower() not in given))


def _content_type(body: Any) -> str | None:
    if body is None:
        return None
    return "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"


def _encoded(body: Any) -> bytes | None:
    if body is None or isinstance(body, str):
        return None if body is None else body.encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _why(request: OutboundRequest, response: OutboundResponse) -> str:
    told = f"{request.method} {response.origin} answered {response.status}"
    if 300 <= response.status < 400:
        told += ", and redirects are not followed"
    words = excerpt(response, _secrets(request))
    return f"{told}: {words}" if words else told


def _secrets(request: OutboundRequest) -> list[str]:
    """Return what a target may echo and nobody should read: header values, pieces of them and of the URL."""
    values = [value for name, value in request.headers if name.lower() not in _PLAIN]
    pieces = re.split(r"[\s/?&=#;,:]+", " ".join([*values, request.url.partition("://")[2].partition("/")[2]]))
    found = {value for value in values if len(value) >= VALUE_CHARS}
    found.update(piece for piece in (*pieces, *map(unquote, pieces)) if len(piece) >= PIECE_CHARS)
    return sorted(found, key=len, reverse=True)
