"""Makes a problem document of whatever goes wrong; nothing of the inside (stack, SQL, secret) gets out."""

import traceback
from math import ceil
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from ...domain.account_errors import BadCredentials, SessionOver, TooManyLogins
from ...domain.errors import (
    DomainError,
    IdempotencyInFlight,
    InvalidJob,
    JobNotFound,
    Overloaded,
    QueueFull,
    Unavailable,
    UniqueConflict,
    UnknownTask,
)
from . import problems, wire
from .endpoint import Answer
from .envelope import request_id
from .problems import Problem

RETRY_AFTER_S = "1"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="equeue"'}
_FRAMES = 20
_log = structlog.get_logger("equeue.http")

_BY_STATUS = {
    400: "bad-request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    503: "unavailable",
}


def explain(error: Exception) -> Problem:
    """Return the problem that the caller reads about `error`."""
    match error:
        case Problem():
            return error
        case DomainError():
            return _refusal(error)
        case Overloaded():
            return Problem("overloaded", _meaning("overloaded"), headers={"Retry-After": RETRY_AFTER_S})
        case Unavailable():
            return Problem(
                "unavailable", "The database does not answer. Repeat shortly.", headers={"Retry-After": RETRY_AFTER_S}
            )
        case HTTPException():
            return _of_litestar(error)
        case _:
            return Problem("internal", "Something broke in the server. Its log holds the request id.")


def handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a request that failed, whatever failed."""
    answer = refused(error, request.scope)
    return Response(answer.content, status_code=answer.status, headers=answer.headers, media_type=problems.PROBLEM_JSON)


def refused(error: Exception, scope: Any) -> Answer:
    """Return the answer to a request that failed; what is a fault of ours is told to the log."""
    problem, known_as = explain(error), request_id(scope)
    if problem.code == "internal":
        _tell(error, known_as)
    return Answer(
        wire.encode(problem.document(known_as)), problem.status, problem.headers, media_type=problems.PROBLEM_JSON
    )


def _tell(error: Exception, id: str) -> None:
    """Log where it broke, not what the error says: a driver's message may quote a payload."""
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    _log.error("http.failed", request_id=id, error=type(error).__qualname__, trace=where[-_FRAMES:])


def _refusal(error: DomainError) -> Problem:
    match error:
        case JobNotFound():
            return Problem("not-found", "There is no such job, or it is not yours to see.")
        case InvalidJob():
            return _invalid(error)
        case UnknownTask():
            field = wire.FieldProblem(detail="no worker knows this task", code=error.code, pointer=error.pointer)
            return Problem(error.code, f"{error}.", errors=(field,))
        case UniqueConflict():
            return Problem(error.code, f"{error}.", existing_job_id=str(error.existing_job_id))
        case BadCredentials() | SessionOver():
            return Problem(error.code, f"{error}.", headers=CHALLENGE)
        case TooManyLogins():
            return Problem(error.code, f"{error}.", headers=_limited(error))
        case IdempotencyInFlight():
            return Problem(error.code, _meaning(error.code), headers={"Retry-After": RETRY_AFTER_S})
        case QueueFull():
            return Problem(error.code, f"{error}.", headers={"Retry-After": RETRY_AFTER_S})
        case _:
            return Problem(error.code, f"{error}." if str(error) else _meaning(error.code))


def _limited(error: TooManyLogins) -> dict[str, str]:
    wait_s = max(1, ceil(error.wait.total_seconds()))
    return {
        "Retry-After": str(wait_s),
        "RateLimit-Policy": f'"login";q={error.limit};w={error.window.total_seconds():.0f}',
        "RateLimit": f'"login";r=0;t={wait_s}',
    }


def _invalid(error: InvalidJob) -> Problem:
    oversized = any(violation.code == "too-large" for violation in error.violations)
    code = "payload-too-large" if oversized else error.code
    return Problem(code, f"{error}."[:1_000], errors=problems.fields(error.violations))


def _of_litestar(error: HTTPException) -> Problem:
    code = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return Problem(code, _meaning(code), headers=headers)


def _meaning(code: str) -> str:
    return problems.KINDS[code].meaning
