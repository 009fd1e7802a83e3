"""POST /jobs/bulk: up to 1,000 jobs in, all or none, or each on its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, assert_never

import attrs
import msgspec

from ...application.enqueue import Draft
from ...application.ports.jobs import Created, Enqueued, Existing, Rejected
from ...domain.access import Scope
from ...domain.errors import DomainError, InvalidJob, QueueOutOfReach, UniqueConflict, UnknownTask, Violation
from . import idempotency, json_body, render, wire
from .drafts import read_job
from .endpoint import API, JSON, NDJSON, Accepts, Answer, Call, any_of, endpoint
from .enqueue import REFUSALS
from .problems import Problem
from .refusals import explain
from .services import HttpServices

ERRORS = 50
"""A refusal names at most this many fields; a thousand bad jobs are usually bad in one way."""


class BulkQuery(msgspec.Struct):
    """How a bulk fails: `atomic` stores all or none, `partial` stores what it can and answers for each."""

    mode: Literal["atomic", "partial"] = "atomic"


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    jobs: list[msgspec.Raw]


_ENVELOPE = msgspec.json.Decoder(_Envelope)


def read_documents(raw: bytes, content_type: str) -> list[bytes]:
    """Return the documents of a bulk body, one a job, not looked into yet."""
    if content_type == JSON:
        documents = [bytes(job) for job in json_body.decode(raw, _ENVELOPE).jobs]
    else:
        documents = [line for line in raw.split(b"\n") if line.strip()]
    if not 1 <= len(documents) <= wire.BULK_JOBS:
        what = f"must hold 1 to {wire.BULK_JOBS} jobs, not {len(documents)}"
        field = wire.FieldProblem(detail=what, code="range", pointer="/jobs")
        raise Problem("invalid-body", f"The bulk {what}.", errors=(field,))
    return documents


@endpoint(
    "POST",
    f"{API}/jobs/bulk",
    access=any_of(Scope.JOBS_WRITE),
    query=BulkQuery,
    body=Accepts(
        form=wire.BulkRequest,
        read=read_documents,
        types=(JSON, NDJSON),
        limit=lambda services: services.limits.bulk,
    ),
    answers={201: wire.BulkAnswer, 200: wire.BulkAnswer},
    problems=REFUSALS,
    tag="jobs",
)
async def enqueue_jobs(services: HttpServices, call: Call[BulkQuery, list[bytes]]) -> Answer:
    """Enqueue up to 1,000 jobs in one transaction.

    Without `mode=partial` all are stored or none, and pointers such as `/jobs/1/queue` say which stood in the way.
    With it the answer is 200 and tells for each job what came of it.
    """
    if call.query.mode == "partial":
        return await _partial(services, call)
    drafts, refused = _read(call.body)
    if refused:
        raise _together(refused)
    try:
        return await idempotency.enqueue(services, call, drafts, _answer, _refuse_conflicts)
    except DomainError as refusal:
        blamed = _blame(refusal, drafts)
        if not blamed:
            raise
        raise _together(blamed) from refusal


async def _partial(services: HttpServices, call: Call[Any, list[bytes]]) -> Answer:
    """Store what can be stored: who is to blame for a refusal is left out, and the rest is tried again."""
    drafts, refused = _read(call.body)
    places = [place for place in range(len(call.body)) if place not in refused]
    while places:
        try:
            return await idempotency.enqueue(services, call, drafts, _answer_each(places, refused))
        except DomainError as refusal:
            blamed = _blame(refusal, drafts)
            if not blamed:
                raise
            refused.update({places[n]: problem for n, problem in blamed.items()})
            kept = [n for n in range(len(drafts)) if n not in blamed]
            drafts, places = [drafts[n] for n in kept], [places[n] for n in kept]
    return _answer_each([], refused)([])


def _read(documents: Sequence[bytes]) -> tuple[list[Draft], dict[int, Problem]]:
    drafts: list[Draft] = []
    refused: dict[int, Problem] = {}
    for place, document in enumerate(documents):
        try:
            drafts.append(read_job(document))
        except Problem as problem:
            refused[place] = problem
    return drafts, refused


def _blame(refusal: DomainError, drafts: Sequence[Draft]) -> dict[int, Problem]:
    """Return for each place in `drafts` that is to blame what is wrong there, if it is about any."""
    match refusal:
        case InvalidJob():
            return {place: explain(type(refusal)(found)) for place, found in _by_place(refusal.violations).items()}
        case UnknownTask():
            return {n: explain(refusal) for n, draft in enumerate(drafts) if draft.spec.task == refusal.task}
        case QueueOutOfReach():
            return {refusal.place: explain(refusal)}
        case _:
            return {}


def _by_place(violations: Sequence[Violation]) -> Mapping[int, tuple[Violation, ...]]:
    found: dict[int, tuple[Violation, ...]] = {}
    for violation in violations:
        _, place, *steps = violation.pointer.split("/")
        inner = attrs.evolve(violation, pointer="".join(f"/{step}" for step in steps))
        found[int(place)] = (*found.get(int(place), ()), inner)
    return found


def _together(refused: Mapping[int, Problem]) -> Problem:
    """Return one problem for all: the first one's kind, and where each of them lies."""
    located = [problem.under(f"/jobs/{place}") for place, problem in sorted(refused.items())]
    first, errors = located[0], tuple(field for problem in located for field in problem.errors)
    detail = f"{len(refused)} of the jobs stood in the way, so none was stored. The first: {first.detail}"
    return Problem(first.code, detail, errors=errors[:ERRORS], existing_job_id=first.existing_job_id)


def _refuse_conflicts(enqueued: Sequence[Enqueued]) -> None:
    conflicts = {
        place: explain(UniqueConflict(outcome.existing_job_id))
        for place, outcome in enumerate(enqueued)
        if isinstance(outcome, Rejected)
    }
    if conflicts:
        raise _together(conflicts)


def _answer(enqueued: Sequence[Enqueued]) -> Answer:
    created = any(isinstance(outcome, Created) for outcome in enqueued)
    return Answer.of(wire.BulkAnswer([_item(outcome) for outcome in enqueued]), 201 if created else 200)


def _answer_each(places: Sequence[int], refused: Mapping[int, Problem]) -> Callable[[Sequence[Enqueued]], Answer]:
    def answer(enqueued: Sequence[Enqueued]) -> Answer:
        items = {place: _refused(problem) for place, problem in refused.items()}
        items.update({place: _item(outcome) for place, outcome in zip(places, enqueued, strict=True)})
        return Answer.of(wire.BulkAnswer([item for _, item in sorted(items.items())]))

    return answer


def _item(outcome: Enqueued) -> wire.BulkItem:
    match outcome:
        case Created(job):
            return wire.BulkItem(outcome="created", job=render.job(job))
        case Existing(job):
            return wire.BulkItem(outcome="existing", job=render.job(job))
        case Rejected(existing_job_id):
            return _refused(explain(UniqueConflict(existing_job_id)))
        case _:
            assert_never(outcome)


def _refused(problem: Problem) -> wire.BulkItem:
    return wire.BulkItem(outcome="rejected", problem=problem.document())


ENDPOINTS = (enqueue_jobs,)
