"""GET /jobs: pages of jobs, walked by keyset."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import attrs
import msgspec

from ...application.ports.reads import DOCUMENTS, Document, JobFilter, JobPage, Portion, Position
from ...domain.access import Scope
from ...domain.ids import UUID
from ...domain.job import Job
from . import list_wire, render, wire
from .count import CAP, total
from .cursors import Cursor, CursorSeal
from .endpoint import API, Answer, Call, any_of, endpoint
from .filtering import FilterQuery, job_filter
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
    window = _Window(await _page(services, where, query, cursor, portion), cursor, query.sort == "created_at")
    answer = list_wire.JobList(
        items=[render.job(job, without=window.page.left_out.get(job.id, ())) for job in window.jobs],
        next_cursor=_sealed(seal, window.next),
        prev_cursor=_sealed(seal, window.previous),
        has_more=window.next is not None,
        server_time=render.instant(window.page.server_time),
        scanned_until=None if window.until is None else render.instant(window.until.created_at),
        count=total((await services.reads.count(where, CAP)).values()) if query.count else msgspec.UNSET,
    )
    return Answer.of(answer, headers=_links(query, answer))


@attrs.frozen
class _Window:
    """A page as it was read, put back into the order of the list."""

    page: JobPage
    cursor: Cursor | None
    oldest_first: bool

    @property
    def backward(self) -> bool:
        return self.cursor is not None and self.cursor.backward

    @property
    def jobs(self) -> Sequence[Job]:
        return self.page.items[::-1] if self.backward else self.page.items

    @property
    def until(self) -> Position | None:
        """How far it was looked, where that ended the page."""
        return self.page.scanned_until

    @property
    def next(self) -> Cursor | None:
        more = self.backward or self.page.has_more
        return self._at(-1, backward=False) if more else None

    @property
    def previous(self) -> Cursor | None:
        more = self.page.has_more if self.backward else self.cursor is not None
        return self._at(0, backward=True) if more else None

    def _at(self, end: int, *, backward: bool) -> Cursor | None:
        """Return the place at one end of the page: that of its job there, or how far it was looked in that direction.

        Of a page without jobs either end is where looking ended, for between its ends nothing is meant; or, at the end
        of the list, where the page began, and what is there is not passed over.
        """
        job = _position(self.jobs[end]) if self.jobs else None
        place = (self.until or job) if backward is self.backward else (job or self.until)
        if place is None and self.cursor is not None:
            place = _before(self.cursor.position, ascending=self.oldest_first is not backward)
        return None if place is None else Cursor(place, backward, self.as_of)

    @property
    def as_of(self) -> datetime:
        known = None if self.cursor is None else self.cursor.as_of
        return known or self.page.server_time


async def _page(
    services: HttpServices, where: JobFilter, query: JobsQuery, cursor: Cursor | None, portion: Portion
) -> JobPage:
    oldest_first = query.sort == "created_at"
    return await services.reads.page(
        where,
        limit=query.limit,
        after=None if cursor is None else cursor.position,
        oldest_first=oldest_first != (cursor is not None and cursor.backward),
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


def _before(place: Position, *, ascending: bool) -> Position:
    """Return the place from which whoever reads on in this order comes to `place` first."""
    number = place.job_id.int + (-1 if ascending else 1)
    return Position(place.created_at, UUID(int=max(0, min(number, 2**128 - 1))))


def _sealed(seal: CursorSeal, cursor: Cursor | None) -> str | None:
    return None if cursor is None else seal.seal(cursor)


def _links(query: JobsQuery, answer: list_wire.JobList) -> dict[str, str]:
    told = msgspec.structs.asdict(msgspec.structs.replace(query, cursor=None))
    same = {name: _said(value) for name, value in told.items() if value not in ((), None, "", False)}
    links = [
        f'<{PATH}?{urlencode({**same, "cursor": cursor}, doseq=True)}>; rel="{rel}"'
        for rel, cursor in (("next", answer.next_cursor), ("prev", answer.prev_cursor))
        if cursor
    ]
    return {"Link": ", ".join(links)} if links else {}


def _said(value: object) -> object:
    return "true" if value is True else value


ENDPOINTS = (list_jobs,)
