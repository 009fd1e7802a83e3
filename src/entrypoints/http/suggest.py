"""GET /filters/suggest: what may stand at the cursor of a filter that is being written."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ...domain.access import Scope
from ...domain.filter_text import MAX_CHARS
from .endpoint import API, Answer, Call, any_of, endpoint
from .services import HttpServices


class SuggestQuery(msgspec.Struct):
    """A filter, and where the cursor stands in it; at its end, if nothing is said."""

    q: Annotated[str, Meta(max_length=MAX_CHARS)] = ""
    position: Annotated[int, Meta(ge=0, le=MAX_CHARS)] = MAX_CHARS


class SuggestionOut(Struct):
    """A text that may stand there, and what it means."""

    text: str
    about: str


class Suggestions(Struct):
    """What may take the place of the text from `start` to `end`, counted in characters; `field` says whose value."""

    start: int
    end: int
    field: str | None
    items: list[SuggestionOut]


@endpoint(
    "GET",
    f"{API}/filters/suggest",
    access=any_of(Scope.JOBS_READ),
    query=SuggestQuery,
    answers={200: Suggestions},
    tag="jobs",
)
async def suggest_filters(services: HttpServices, call: Call[SuggestQuery, None]) -> Answer:
    """Complete a filter: fields, statuses, queues and tasks that begin with what is typed, or have it within."""
    slot, found = await services.suggest(call.query.q, call.query.position, call.principal)
    items = [SuggestionOut(each.text, each.about) for each in found]
    return Answer.of(Suggestions(slot.start, slot.end, slot.field.name if slot.field else None, items))


ENDPOINTS = (suggest_filters,)
