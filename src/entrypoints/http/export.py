"""GET /jobs/export: every job that a filter means, as a stream of lines; only one page is in memory at a time."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Final, Literal, TypeAlias

import attrs
import msgspec

from ...application.ports.reads import DOCUMENTS, Document, JobFilter, JobPage, Portion, Position
from ...domain.access import Scope
from ...domain.errors import Unavailable
from ...domain.job import Job
from . import render, wire
from .endpoint import API, NDJSON, Answer, Call, any_of, endpoint
from .filtering import FilterQuery, job_filter
from .jobs import SMALL, included
from .services import HttpServices
from .streaming import CutShort

CSV = "text/csv"
PAGE: Final = 200

COLUMNS: Final = (
    "id", "task", "queue", "status", "priority", "attempt", "retry_count", "max_retries", "created_at", "run_at",
    "started_at", "finished_at", "error_type", "error_message", "tags", "concurrency_key", "unique_key", "user_id",
    "worker_id", "parent_id",
)  # fmt: skip
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell that begins so is a formula to a spreadsheet, the last four in East Asian ones."""

Lines: TypeAlias = Callable[[JobPage], bytes]


class ExportQuery(FilterQuery):
    """Which jobs, in which order, and written how."""

    sort: Literal["-created_at", "created_at"] = "-created_at"
    format: Literal["ndjson", "csv"] = "ndjson"
    include: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="payload, result: bring them whatever their size, in CSV as further columns"),
    ] = ()


@endpoint(
    "GET",
    f"{API}/jobs/export",
    access=any_of(Scope.JOBS_READ),
    query=ExportQuery,
    answers={200: wire.JobOut},
    problems=("bad-filter",),
    streams=(NDJSON, CSV),
    tag="jobs",
)
async def export_jobs(services: HttpServices, call: Call[ExportQuery, None]) -> Answer:
    """Export jobs, as lines of JSON or as CSV.

    The stream is as slow as its reader. It is a walk as along a list's cursors: every job that existed throughout is in
    it exactly once. Where it cannot go on it breaks off, which HTTP clients report as an error. A cell of CSV that a
    spreadsheet would take for a formula begins with an apostrophe.
    """
    query = call.query
    whole = included(query.include)
    walk = _Walk(services, job_filter(query, call.principal), query.sort == "created_at", Portion(whole, SMALL))
    first = await walk.page(None)
    media_type, suffix = (NDJSON, "ndjson") if query.format == "ndjson" else (CSV, "csv")
    lines, head = (_json_lines, b"") if query.format == "ndjson" else (_cells(whole), _row(_columns(whole)))
    disposition = {"Content-Disposition": f'attachment; filename="jobs.{suffix}"'}
    return Answer(headers=disposition, media_type=media_type, stream=_pieces(walk, first, lines, head))


@attrs.frozen
class _Walk:
    """A walk over the jobs that a filter means; no connection is held between two pages."""

    services: HttpServices
    where: JobFilter
    oldest_first: bool
    portion: Portion

    async def page(self, before: JobPage | None, after: Position | None = None) -> JobPage:
        """Return the page behind another one; times seen from now are seen from when the walk began."""
        return await self.services.reads.page(
            self.where if before is None else self.where.at(before.server_time),
            limit=PAGE,
            after=after,
            oldest_first=self.oldest_first,
            portion=self.portion,
        )


async def _pieces(walk: _Walk, first: JobPage, lines: Lines, head: bytes) -> AsyncIterator[bytes]:
    page = first
    if head:
        yield head
    while True:
        if page.items:
            yield lines(page)
        if not page.has_more:
            return
        if walk.services.drain:
            raise CutShort
        try:
            page = await walk.page(first, page.scanned_until or _place(page.items[-1]))
        except Unavailable as away:
            raise CutShort from away


def _place(job: Job) -> Position:
    return Position(job.created_at, job.id)


def _json_lines(page: JobPage) -> bytes:
    shown = (render.job(job, without=page.left_out.get(job.id, ())) for job in page.items)
    return b"".join(wire.encode(job) + b"\n" for job in shown)


def _columns(whole: frozenset[Document]) -> tuple[str, ...]:
    return (*COLUMNS, *(name for name in DOCUMENTS if name in whole))


def _cells(whole: frozenset[Document]) -> Lines:
    documents = [name for name in DOCUMENTS if name in whole]

    def lines(page: JobPage) -> bytes:
        return b"".join(_row([*_facts(job), *(_text(getattr(job, name)) for name in documents)]) for job in page.items)

    return lines


def _facts(job: Job) -> Iterator[str]:
    shown = render.job(job, without=DOCUMENTS)
    for name in COLUMNS:
        match name:
            case "error_type":
                yield "" if job.error is None else job.error.type
            case "error_message":
                yield "" if job.error is None else job.error.message
            case "tags":
                yield " ".join(job.tags)
            case _:
                value = getattr(shown, name)
                yield "" if value is None else str(value)


def _text(document: bytes | None) -> str:
    return "" if document is None else document.decode()


def _row(cells: Any) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue().encode()


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, whatever somebody called a task or wrote in an error."""
    return f"'{cell}" if cell.lstrip(" \n").startswith(_FORMULAS) else cell


ENDPOINTS = (export_jobs,)
