"""Filters on the wire: one text, or plain repeated parameters; both become the same tree."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from ...application.ports.reads import JobFilter
from ...domain.access import Principal
from ...domain.filter_fields import FIELDS
from ...domain.filter_text import BadFilter, read, read_term
from ...domain.filters import Condition, all_of
from ...domain.status import JobStatus
from . import wire
from .problems import Problem

Words = Annotated[tuple[str, ...], Meta(description="as behind the field's colon in `q`; repeated, any of them")]
PLAIN: Final = tuple(name for name in FIELDS if name not in ("status", "queue", "task", "payload"))
"""The fields that are parameters too, but for those with forms of their own."""


class FilterQuery(msgspec.Struct):
    """Which jobs: what `q` says, and what each parameter says, all together."""

    q: Annotated[
        str, Meta(description='a filter, such as `status:dead queue:email created:>-1h -tag:test error~"reset"`')
    ] = ""
    status: tuple[JobStatus, ...] = ()
    queue: tuple[wire.Name, ...] = ()
    task: tuple[wire.Name, ...] = ()
    tag: Words = ()
    priority: Words = ()
    attempt: Words = ()
    retry_count: Words = ()
    max_retries: Words = ()
    created: Words = ()
    run_at: Words = ()
    started: Words = ()
    finished: Words = ()
    error: Words = ()
    fingerprint: Words = ()
    worker: Words = ()
    concurrency_key: Words = ()
    unique_key: Words = ()
    parent: Words = ()
    id: Words = ()


def job_filter(query: FilterQuery, principal: Principal) -> JobFilter:
    """Return the filter that a query asks for, confined to what the caller may see."""
    said = [_plain(name, getattr(query, name)) for name in PLAIN]
    condition = all_of(read_text(query.q, parameter="q"), *said)
    return JobFilter(
        principal.sees_only, query.status, query.queue, query.task, principal.queue_globs, condition=condition
    )


def read_text(text: str, **place: str) -> Condition | None:
    """Return the tree of a filter's text; raise `Problem` that tells the `parameter` or `pointer` and the position."""
    try:
        return read(text)
    except BadFilter as bad:
        raise _refusal(bad, f"The filter is wrong {bad}.", **place) from bad


def _plain(name: str, values: tuple[str, ...]) -> Condition | None:
    try:
        return read_term(name, values) if values else None
    except BadFilter as bad:
        raise _refusal(bad, f"The parameter '{name}' is wrong: {bad.detail}.", parameter=name) from bad


def _refusal(bad: BadFilter, detail: str, **place: Any) -> Problem:
    nearest = msgspec.UNSET if bad.nearest is None else bad.nearest
    field = wire.FieldProblem(detail=bad.detail, code=bad.reason, position=bad.position, nearest=nearest, **place)
    return Problem("bad-filter", detail, errors=(field,))
