"""Every refusal that the API knows: one catalogue of codes, and the RFC 9457 document made of each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import attrs
import msgspec

from ...domain.errors import Violation
from .wire import ErrorOut, FieldProblem, ProblemDocument

Value = TypeVar("Value")

PROBLEM_JSON = "application/problem+json"


@attrs.frozen
class Kind:
    """What all problems of one code have in common; `meaning` tells the reader what to do."""

    status: int
    title: str
    meaning: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "bad-request": Kind(400, "Malformed request", "The request breaks a rule of HTTP itself. Mend the client."),
        "invalid-json": Kind(400, "Body is not JSON", "Send one JSON document in UTF-8, without a byte order mark."),
        "nul-not-allowed": Kind(
            400, "NUL character", "No text may hold the character U+0000, for PostgreSQL cannot store it."
        ),
        "too-deep": Kind(400, "Nested too deeply", "A payload may be nested 64 levels deep. Flatten it."),
        "invalid-body": Kind(
            400, "Body breaks its schema", "`errors` names each field at fault. A field that is not known is refused."
        ),
        "invalid-queue": Kind(400, "Setting breaks a rule", "`errors` names each field at fault and its bounds."),
        "invalid-schedule": Kind(400, "Schedule breaks a rule", "`errors` names each field at fault and its bounds."),
        "invalid-job": Kind(400, "Job breaks a rule", "`errors` names each field at fault and its bounds."),
        "invalid-plan": Kind(400, "Plan makes no sense", "`errors` names each field at fault and why."),
        "invalid-user": Kind(400, "Person breaks a rule", "`errors` names each field at fault and its bounds."),
        "invalid-api-key": Kind(400, "Key breaks a rule", "`errors` names each field at fault and its bounds."),
        "invalid-parameter": Kind(
            400, "Bad query parameter", "A parameter is unknown, repeated or out of bounds; `errors` names it."
        ),
        "invalid-idempotency-key": Kind(
            400, "Bad Idempotency-Key", "Send the header once, with 1 to 255 printable characters."
        ),
        "bad-filter": Kind(
            400,
            "Filter cannot be read",
            "`errors` says at which character and why. A field that is not known is refused, never ignored.",
        ),
        "cursor-mismatch": Kind(
            400,
            "Cursor does not fit",
            "A cursor belongs to the filter, sort and caller that it was made for. Begin again without one.",
        ),
        "unauthenticated": Kind(
            401,
            "Not authenticated",
            "Send `Authorization: Bearer …` with a key or access token that is valid, whole and not expired.",
        ),
        "bad-credentials": Kind(
            401, "Wrong e-mail or password", "Which of the two is not told. A disabled person is refused alike."
        ),
        "session-over": Kind(
            401,
            "Session is over",
            "It expired, was ended, or its refresh token was used twice. Log in again.",
        ),
        "cross-site": Kind(403, "Sent by another site", "A session's cookie is only taken from our own pages."),
        "forbidden": Kind(403, "Not allowed", "The key lacks the scope, or its owner the role. Take another key."),
        "queue-forbidden": Kind(403, "Queue out of reach", "The key is confined to other queues. Take another key."),
        "not-found": Kind(404, "Not found", "There is no such thing, or it is not yours to see."),
        "method-not-allowed": Kind(405, "Method not allowed", "The `Allow` header names the methods of this path."),
        "request-timeout": Kind(408, "Request came too slowly", "The server does not wait for ever. Send it again."),
        "unique-conflict": Kind(
            409, "Unique key is held", "The job `existing_job_id` holds the key, and you asked to be refused then."
        ),
        "schedule-exists": Kind(
            409, "Name is taken", "Another schedule has this name. Change that one, or take another."
        ),
        "managed-by-code": Kind(
            409,
            "Declared in code",
            "Change it where it is declared and start the worker again. It can be paused and run.",
        ),
        "email-taken": Kind(409, "E-mail is taken", "Somebody has this address. Change that person, or take another."),
        "last-admin": Kind(
            409, "Last admin", "Without this person nobody could manage people. Make somebody else an admin first."
        ),
        "key-revoked": Kind(409, "Key is revoked", "A revoked key stays revoked. Make a new one."),
        "invalid-transition": Kind(
            409, "Wrong status", "The job or operation is not in a status in which this can happen to it."
        ),
        "already-finished": Kind(409, "Already finished", "The job has ended; there is nothing left to cancel."),
        "idempotency-in-flight": Kind(
            409, "First request in flight", "The first request with this key has not ended. Ask again in a second."
        ),
        "job-dead": Kind(409, "Job is dead", "The job used up its retries or was discarded; `error` says why."),
        "job-cancelled": Kind(409, "Job was cancelled", "The job was cancelled or expired and has no result."),
        "lease-lost": Kind(
            409, "Lease lost", "The lease is over and another worker may hold the job. Stop working on it."
        ),
        "plan-changed": Kind(
            409, "Plan changed", "This is not the plan that was previewed. Preview it again, and look at it."
        ),
        "stale": Kind(412, "Changed meanwhile", "It changed since you read it. Read it again and repeat."),
        "precondition-required": Kind(
            428, "If-Match is missing", "Send `If-Match` with the ETag that you read, so that nobody's change is lost."
        ),
        "body-too-large": Kind(413, "Body too large", "The body is larger than this path takes."),
        "payload-too-large": Kind(413, "Payload too large", "The payload is larger than this installation takes."),
        "unsupported-media-type": Kind(415, "Wrong content type", "`detail` names the content types that are taken."),
        "payload-invalid": Kind(
            422,
            "Payload does not fit the task",
            "The task would refuse this payload at each attempt; `errors` says why.",
        ),
        "bad-cron": Kind(
            422, "No such fire times", "The expression or time zone cannot be read; `errors` says at which character."
        ),
        "unknown-task": Kind(422, "Unknown task", "No worker has declared this task, and the installation is strict."),
        "idempotency-key-reused": Kind(
            422, "Idempotency-Key reused", "The key was used for a different request. Take a new one."
        ),
        "empty-filter": Kind(
            422, "Filter means everything", "Name statuses, queues, tasks, tags, fingerprints, times or ids of jobs."
        ),
        "refused": Kind(422, "Refused", "The request is understood and breaks a rule."),
        "queue-full": Kind(
            429, "Queue is full", "As many jobs as the queue holds wait in it. Wait as long as `Retry-After` says."
        ),
        "too-many-requests": Kind(429, "Too many requests", "Wait as long as `Retry-After` says."),
        "head-too-large": Kind(431, "Headers too large", "Send fewer or shorter headers, or a shorter path."),
        "internal": Kind(500, "Internal error", "This is a fault of the server. Its log holds the request id."),
        "overloaded": Kind(
            503, "Too many at once", "More requests wait than this process takes on. Repeat as `Retry-After` says."
        ),
        "unavailable": Kind(503, "Temporarily unavailable", "The database does not answer. Repeat shortly."),
        "stopped": Kind(503, "Server stopped", "The server was stopped before it had an answer. Repeat the request."),
        "not-ready": Kind(503, "Not ready", "The process must not get traffic now; `detail` says why."),
    }
)
"""code -> kind. The path `/problems/<code>` shows each as a page."""


class Problem(Exception):
    """A refusal on its way to the caller."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        headers: Mapping[str, str] | None = None,
        existing_job_id: str | None = None,
        error: ErrorOut | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.existing_job_id = existing_job_id
        self.error = error

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return KINDS[self.code].status

    def document(self, instance: str | None = None) -> ProblemDocument:
        """Return the problem as the caller reads it; `instance` is the id of the request."""
        kind = KINDS[self.code]
        return ProblemDocument(
            type=f"/problems/{self.code}",
            title=kind.title,
            status=kind.status,
            detail=self.detail,
            code=self.code,
            instance=_given(instance),
            errors=_given(self.errors or None),
            existing_job_id=_given(self.existing_job_id),
            error=_given(self.error),
        )

    def under(self, prefix: str) -> "Problem":
        """Return this problem as seen from a document that holds the faulty one at `prefix`."""
        moved = tuple(
            msgspec.structs.replace(field, pointer=prefix + field.pointer) if isinstance(field.pointer, str) else field
            for field in self.errors
        )
        return Problem(
            self.code,
            self.detail,
            errors=moved or (FieldProblem(detail=self.detail, code=self.code, pointer=prefix),),
            headers=self.headers,
            existing_job_id=self.existing_job_id,
            error=self.error,
        )


def fields(violations: tuple[Violation, ...]) -> tuple[FieldProblem, ...]:
    """Return the domain's violations as the caller reads them."""
    return tuple(FieldProblem(detail=v.detail, code=v.code, pointer=v.pointer) for v in violations)


def _given(value: Value | None) -> Value | msgspec.UnsetType:
    return msgspec.UNSET if value is None else value
