"""Takes a request through the one order of checks: who, may they, is it there, is it well said; then answers."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

import attrs
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.response.base import ASGIResponse

from ...domain.access import Principal
from ...domain.errors import DomainError
from .client_address import client_address
from .compression import compressed
from .departure import Departure
from .endpoint import JSON, Accepts, Access, Answer, AnyOf, Call, Endpoint, People, Public, job_id, missing_job
from .envelope import request_id
from .preconditions import fits, require_condition, stale
from .problems import Problem
from .query import read_query
from .refusals import CHALLENGE, explain
from .services import HttpServices
from .streaming import StreamResponse

MALFORMED = frozenset({400, 422})
UNCONDITIONAL = 428
DISCARDED = 64 * 1024 * 1024
"""So much of a body that is too large is read to be polite."""


class Incoming(Protocol):
    """A request on its way in."""

    @property
    def scope(self) -> Any:
        """The connection's facts, as the server tells them."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, whatever their case."""
        ...

    @property
    def path_params(self) -> Mapping[str, Any]:
        """What stands in the path's variable places."""
        ...

    @property
    def receive(self) -> Callable[[], Awaitable[Any]]:
        """What the caller sends on."""
        ...

    async def body(self) -> bytes:
        """Return the whole body."""
        ...


@attrs.frozen
class Dispatch:
    """One endpoint at work."""

    endpoint: Endpoint
    services: HttpServices

    async def __call__(self, request: Incoming) -> ASGIResponse:
        """Answer `request`; what is refused is raised as `Problem`."""
        caller = await self._admit(request)
        request.scope["state"]["principal"] = caller
        try:
            if self.endpoint.conditional:
                require_condition(request.headers)
            call = await self._read(request, caller)
            answer = await self._answer(call)
        except DomainError as refusal:
            raise await self._unless_missing(explain(refusal), request, caller) from refusal
        except Problem as problem:
            raise await self._unless_missing(problem, request, caller) from problem
        return respond(await compressed(answer, request.headers))

    async def _answer(self, call: Call[Any, Any]) -> Answer:
        try:
            return await self.endpoint.handler(self.services, call)
        finally:
            if self.endpoint.revokes:
                self.services.forget_callers()

    async def _admit(self, request: Incoming) -> Principal | None:
        access = self.endpoint.access
        if isinstance(access, Public):
            return None
        caller = await self._authenticate(request)
        refuse_unless_allowed(access, caller)
        return caller

    async def _authenticate(self, request: Incoming) -> Principal:
        given = [value for name, value in request.scope["headers"] if name == b"authorization"]
        scheme, _, key = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem("unauthenticated", "Send one header 'Authorization: Bearer eq_…'.", headers=CHALLENGE)
        caller = await self.services.authenticate(key)
        if caller is None:
            raise Problem("unauthenticated", "The key or token is wrong, expired or revoked.", headers=CHALLENGE)
        return caller

    async def _again(self, request: Incoming) -> Principal | None:
        try:
            return await self._authenticate(request)
        except Problem:
            return None

    async def _read(self, request: Incoming, caller: Principal | None) -> Call[Any, Any]:
        query = read_query(request.scope["query_string"], self.endpoint.query)
        body, raw, content_type = None, b"", ""
        if self.endpoint.body is not None:
            raw = await self._body(request, self.endpoint.body)
            content_type = _content_type(request.headers, raw, self.endpoint.body)
            body = self.endpoint.body.read(raw, content_type)
        path, named = request.scope["path"], request.path_params
        known_as, gone = request_id(request.scope), Departure(request.receive)
        client = partial(client_address, request.scope, self.services.identity.trusted_proxies)
        again = partial(self._again, request)
        return Call(caller, query, body, raw, content_type, path, named, request.headers, known_as, client, gone, again)

    async def _body(self, request: Incoming, accepts: Accepts) -> bytes:
        limit = accepts.limit(self.services)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise await _too_large(request, limit)
        try:
            return await request.body()
        except RequestEntityTooLarge as error:
            raise await _too_large(request, limit) from error
        except InternalServerException as error:
            # That is how Litestar says that the client went away; nobody reads the answer.
            raise Problem("bad-request", "The connection ended before the body did.") from error

    async def _unless_missing(self, problem: Problem, request: Incoming, caller: Principal | None) -> Problem:
        """Return 404 in place of a complaint about the words when the job they are about is not there; then 412."""
        told = problem.status in MALFORMED or problem.status == UNCONDITIONAL
        if not told or "job_id" not in self.endpoint.parameters or caller is None:
            return problem
        found = await self.services.reads.get(job_id(request.path_params), caller.sees_only)
        if not found or not caller.reaches(found[0].queue):
            return missing_job()
        if self.endpoint.conditional and problem.status in MALFORMED and not fits(request.headers, found[0].etag):
            return stale()
        return problem


def refuse_unless_allowed(access: Access, caller: Principal) -> None:
    """Raise `Problem` unless `caller` may call a route that is open to `access`."""
    if not isinstance(access, AnyOf | People) or any(caller.may(scope) for scope in access.scopes):
        return
    needed = " or ".join(sorted(access.scopes))
    if isinstance(access, AnyOf):
        raise Problem("forbidden", f"This needs the scope {needed}, allowed to both the key and its owner.")
    if caller.key_id is not None:
        instead = f", or a key with the scope {needed}" if needed else ""
        raise Problem("forbidden", f"This needs somebody who has logged in{instead}.")


def respond(answer: Answer) -> ASGIResponse:
    """Return `answer` as the server sends it."""
    if answer.stream is not None:
        return StreamResponse(answer, answer.stream)
    return ASGIResponse(
        body=answer.content, status_code=answer.status, headers=dict(answer.headers), media_type=answer.media_type
    )


def _content_type(headers: Mapping[str, str], raw: bytes, accepts: Accepts) -> str:
    """Return the body's content type; raise unless the route takes it, so that no page elsewhere can post here."""
    if not raw and accepts.optional:
        return JSON
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported-media-type", "Send the body without a content encoding.")
    kind, _, rest = headers.get("content-type", "").partition(";")
    charset = rest.strip().lower().replace('"', "")
    if kind.strip().lower() not in accepts.types or charset not in {"", "charset=utf-8"}:
        raise Problem("unsupported-media-type", f"Send the body as {' or '.join(accepts.types)}.")
    return kind.strip().lower()


async def _too_large(request: Incoming, limit: int) -> Problem:
    """Return the refusal of a body, once the rest of it was thrown away.

    To hang up on a client that is still sending would cost it the answer (RFC 9112, 9.6). One that asked first is
    not invited to send.
    """
    left = 0 if "expect" in request.headers else DISCARDED
    while left > 0:
        message: Any = await request.receive()
        left -= max(1, len(message.get("body", b"")))
        if not message.get("more_body", False):
            break
    return Problem("body-too-large", f"The body may have at most {limit} bytes.")
