"""GET /jobs: pages of jobs, walked by keyset."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from ...application.ports.reads import DOCUMENTS, Document, JobFilter, JobPage, Portion, Position
from ...domain.access import Scope
from ...domain.job import Job
from . import list_wire, render, wire
from .count import CAP, total
from .cursors import Cursor, CursorSeal
from .endpoint import API, Answer, Call, any_of, endpoint
from .filtering import FilterQuery, job_filter
from .paging import Window, backward, links
from .problems import Problem
from .services import HttpServices

PATH = f"{API}/jobs"
SMALL: Final = 2_048
"""A list leaves out a payload or result of more bytes than these unless it was asked for."""


class JobsQuery(FilterQuery):
    """Which jobs, in which order, and how many at a time."""

    sort: Literal["-created_at", "created_at"] = "-created_at"
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    include: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="payload, result: bring them whatever their size; a page then ends with the job that brings it "
            "to 8 MiB, and has_more tells of the rest"
        ),
    ] = ()
    count: Annotated[bool, msgspec.Meta(description="count them too, to 10,001 at most")] = False


@endpoint(
    "GET",
    PATH,
    access=any_of(Scope.JOBS_READ),
    query=JobsQuery,
    answers={200: list_wire.JobList},
    problems=("cursor-mismatch", "bad-filter"),
    tag="jobs",
)
async def list_jobs(services: HttpServices, call: Call[JobsQuery, None]) -> Answer:
    """List jobs.

    A walk along `next_cursor` sees every job that existed throughout exactly once, whatever happens meanwhile. Where no
    index serves the filter a page may end before it is full, at `scanned_until`; the cursor leads on from there.
    """
    query, principal = call.query, call.principal
    portion = Portion(whole=included(query.include), small=SMALL)
    where = job_filter(query, principal)
    seal = CursorSeal.of(services.secret_keys, where, query.sort)
    cursor = None if query.cursor is None else seal.open(query.cursor)
    page = await _page(services, where, query, cursor, portion)
    window = Window(
        page.items,
        page.has_more,
        _position,
        seal,
        cursor,
        oldest_first=query.sort == "created_at",
        until=page.scanned_until,
        as_of=page.server_time,
    )
    onward, back = window.next_cursor, window.prev_cursor
    answer = list_wire.JobList(
        items=[render.job(job, without=page.left_out.get(job.id, ())) for job in window.items],
        next_cursor=onward,
        prev_cursor=back,
        has_more=onward is not None,
        server_time=render.instant(page.server_time),
        scanned_until=None if page.scanned_until is None else render.instant(page.scanned_until.created_at),
        count=total((await services.reads.count(where, CAP)).values()) if query.count else msgspec.UNSET,
    )
    return Answer.of(answer, headers=links(PATH, query, onward, back))


async def _page(
    services: HttpServices, where: JobFilter, query: JobsQuery, cursor: Cursor | None, portion: Portion
) -> JobPage:
    oldest_first = query.sort == "created_at"
    return await services.reads.page(
        where,
        limit=query.limit,
        after=None if cursor is None else cursor.position,
        oldest_first=oldest_first != backward(cursor),
        portion=portion,
        as_of=None if cursor is None else cursor.as_of,
    )


def included(include: Sequence[str]) -> frozenset[Document]:
    """Return the documents that a list is to bring whole."""
    asked = {name for given in include for name in given.split(",")}
    names = frozenset(name for name in DOCUMENTS if name in asked)
    if names != asked:
        what = f"must be of {', '.join(DOCUMENTS)}"
        field = wire.FieldProblem(detail=what, code="invalid", parameter="include")
        raise Problem("invalid-parameter", f"The parameter 'include' {what}.", errors=(field,))
    return names


def _position(job: Job) -> Position:
    return Position(job.created_at, job.id)


ENDPOINTS = (list_jobs,)
