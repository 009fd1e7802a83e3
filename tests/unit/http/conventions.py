"""What a convention is: a check, the routes to which it applies, and the reason of each that departs from it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeAlias

import attrs
from tests.unit.http.test_openapi import the_document
from tests.unit.http.test_routes import call
from tests.unit.http.world import Caller, World

from equeue.entrypoints.http.endpoint import EVENT_STREAM, Endpoint

DOCUMENT = the_document()


@attrs.frozen
class Route:
    """One route, as it is declared, as it is told, and as it answers."""

    endpoint: Endpoint
    api: Caller
    job_id: str
    world: World

    @property
    def told(self) -> Any:
        """The operation in the document."""
        path = self.endpoint.path.replace(":str}", "}")
        return DOCUMENT["paths"][path][self.endpoint.method.lower()]

    @property
    def parameters(self) -> set[str]:
        """The names of parameters and headers that the document tells."""
        return {one["name"] for one in self.told["parameters"]}

    def headers(self, status: int) -> set[str]:
        """Return the headers that the document promises with an answer."""
        return set(self.told["responses"][str(status)].get("headers", {}))

    async def ask(self, query: str = "", **request: Any) -> Any:
        """Call it."""
        return await call(self.api, self.endpoint.name, self.job_id, query=query, **request)


Applies: TypeAlias = Callable[[Endpoint], bool]
Check: TypeAlias = Callable[[Route], Awaitable[None]]


@attrs.frozen
class Convention:
    """What routes have in common, which of them it is for, and the reason of each that departs from it."""

    check: Check
    applies: Applies
    departures: Mapping[str, str]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.check.__name__.strip("_")


CONVENTIONS: list[Convention] = []


def convention(applies: Applies, **departures: str) -> Callable[[Check], Check]:
    """Declare a convention for the routes to which it `applies`; `departures` are routes with their reasons."""

    def declare(check: Check) -> Check:
        CONVENTIONS.append(Convention(check, applies, departures))
        return check

    return declare


def told(endpoint: Endpoint) -> bool:
    """Tell whether the document shows a route."""
    return bool(endpoint.tag)


def ends(endpoint: Endpoint) -> bool:
    """Tell whether its answer ends by itself."""
    return EVENT_STREAM not in endpoint.streams


def lists(endpoint: Endpoint) -> bool:
    """Tell whether it answers with a list that somebody may make long."""
    forms = endpoint.answers.values()
    return endpoint.method == "GET" and any("items" in form.__struct_fields__ for form in forms)


def members(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """Yield every member that a form has, and those of the forms in it."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name in seen:
        return
    schema = DOCUMENT["components"]["schemas"][name] if name else schema
    for member, value in schema.get("properties", {}).items():
        yield member, value
        yield from members(value, seen | {name})
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("items")):
        if isinstance(part, dict):
            yield from members(part, seen | {name})


def forms(route: Route) -> Iterator[tuple[str, Any]]:
    """Yield every member of a route's forms."""
    said = [route.told.get("requestBody", {}), *route.told["responses"].values()]
    for each in said:
        for media in each.get("content", {}).values():
            yield from members(media["schema"])
