"""How a route is declared: who may call it, what it reads, what it answers, what it refuses."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

import attrs
import msgspec

from ...domain.access import Principal, Scope
from ...domain.audit import Actor
from ...domain.ids import UUID, JobId
from . import json_body, wire
from .departure import Ending, never
from .problems import Problem
from .services import HttpServices

JSON = "application/json"
NDJSON = "application/x-ndjson"
MERGE_PATCH = "application/merge-patch+json"
EVENT_STREAM = "text/event-stream"
HTML = "text/html"
API = "/api/v1"

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Query = TypeVar("Query", bound=msgspec.Struct)
Body = TypeVar("Body")


@attrs.frozen
class Public:
    """Anybody may call this."""


@attrs.frozen
class SignedIn:
    """Whoever has a valid key may call this."""


@attrs.frozen
class AnyOf:
    """A key with at least one of these scopes may call this."""

    scopes: frozenset[Scope]


@attrs.frozen
class People:
    """Whoever has logged in may call this, and a key with one of these scopes, if there are any."""

    scopes: frozenset[Scope] = frozenset()


Access: TypeAlias = Public | SignedIn | AnyOf | People
PUBLIC = Public()
SIGNED_IN = SignedIn()
PEOPLE = People()


def any_of(*scopes: Scope) -> AnyOf:
    """Return the access of a key that has at least one of `scopes`."""
    return AnyOf(frozenset(scopes))


def people_or(*scopes: Scope) -> People:
    """Return the access of whoever has logged in, and of keys with one of `scopes`."""
    return People(frozenset(scopes))


async def nobody() -> None:
    """Return nobody: where no credential came along, none is good again."""


@attrs.frozen
class Call(Generic[Query, Body]):
    """One request, authenticated, authorised and read; `again` tells whom its credential stands for by now."""

    caller: Principal | None
    query: Query
    body: Body = attrs.field(repr=False)
    raw: bytes = attrs.field(repr=False)
    content_type: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    request_id: str = ""
    client: Callable[[], str] = str
    gone: Ending = attrs.field(default=never, repr=False)
    again: Callable[[], Awaitable[Principal | None]] = attrs.field(default=nobody, repr=False)

    @property
    def actor(self) -> Actor:
        """Whom the audit log names for what this request does."""
        return Actor(self.principal.user_id, self.principal.key_id, self.request_id or None)

    @property
    def principal(self) -> Principal:
        """Whom the request acts as; only public routes have nobody."""
        if self.caller is None:
            raise Problem("unauthenticated", "This needs a key.")
        return self.caller

    @property
    def job_id(self) -> JobId:
        """The job in the path; what is no canonical UUID names no job."""
        return job_id(self.parameters)


@attrs.frozen
class Answer:
    """What goes back; a `stream` goes piece by piece, as it comes."""

    content: bytes = attrs.field(default=b"", repr=False)
    status: int = 200
    headers: Mapping[str, str] = attrs.field(default=MappingProxyType({}), repr=False)
    media_type: str = JSON
    stream: AsyncIterator[bytes] | None = None

    @classmethod
    def of(cls, form: msgspec.Struct, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> "Answer":
        """Return an answer with `form` as its JSON body."""
        return cls(wire.encode(form), status, headers)


class Handler(Protocol):
    """What a route does: a plain async function."""

    __name__: str

    def __call__(self, services: HttpServices, call: Any, /) -> Awaitable[Answer]:
        """Answer one call."""
        ...


@attrs.frozen(kw_only=True)
class Accepts:
    """The body that a route reads: its form, the content types it may come in, how large it may be."""

    form: type[msgspec.Struct]
    read: Callable[[bytes, str], Any] = attrs.field()
    types: tuple[str, ...] = (JSON,)
    optional: bool = False
    limit: Callable[[HttpServices], int] = attrs.field(default=lambda services: services.limits.margin)

    @read.default
    def _decoded(self) -> Callable[[bytes, str], Any]:
        decoder = msgspec.json.Decoder(self.form)

        def read(raw: bytes, content_type: str) -> Any:  # noqa: ARG001 - some routes take two kinds
            json_body.refuse_nul(raw)
            return json_body.decode(raw or b"{}", decoder)

        return read


NOTHING = Accepts(form=wire.Empty, optional=True)


@attrs.frozen(kw_only=True)
class Endpoint:
    """One route. `access` has no default: a route is closed until somebody says for whom it is open.

    A `conditional` one changes only what its caller has read: without `If-Match` it is refused. One that `waits` heeds
    `Prefer: wait`, one that `streams` answers with a stream of one of these media types. One that `revokes` may end
    credentials or narrow what they are good for.
    """

    method: Method
    path: str
    name: str
    access: Access
    handler: Handler
    query: type[msgspec.Struct] = wire.Empty
    body: Accepts | None = None
    answers: Mapping[int, type[msgspec.Struct]] = MappingProxyType({})
    problems: tuple[str, ...] = ()
    tag: str = ""
    conditional: bool = False
    waits: bool = False
    streams: tuple[str, ...] = ()
    revokes: bool = False

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return tuple(part[1:-1].partition(":")[0] for part in self.path.split("/") if part.startswith("{"))


def endpoint(
    method: Method,
    path: str,
    *,
    access: Access,
    query: type[msgspec.Struct] = wire.Empty,
    body: Accepts | None = None,
    answers: Mapping[int, type[msgspec.Struct]] = MappingProxyType({}),
    problems: tuple[str, ...] = (),
    tag: str = "",
    conditional: bool = False,
    waits: bool = False,
    streams: tuple[str, ...] = (),
    revokes: bool = False,
) -> Callable[[Handler], Endpoint]:
    """Declare the decorated function to be the handler of a route; without a tag it is left out of the OpenAPI page."""

    def declare(handler: Handler) -> Endpoint:
        return Endpoint(
            method=method,
            path=path,
            name=handler.__name__,
            access=access,
            handler=handler,
            query=query,
            body=body,
            answers=answers,
            problems=problems,
            tag=tag,
            conditional=conditional,
            waits=waits,
            streams=streams,
            revokes=revokes,
        )

    return declare


def job_id(parameters: Mapping[str, str]) -> JobId:
    """Return the job that the path names."""
    text = parameters.get("job_id", "")
    try:
        found = UUID(text)
    except ValueError:
        raise missing_job() from None
    if str(found) != text.lower():
        raise missing_job()
    return found


def missing_job() -> Problem:
    """Return the one answer for a job that does not exist and for a job that is somebody else's."""
    return Problem("not-found", "There is no such job, or it is not yours to see.")
