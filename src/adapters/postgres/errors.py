"""What PostgreSQL and its driver raise, told in eQueue's words: no library's exception crosses a port."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import CheckViolation, DataError, ProgramLimitExceeded, StatementTooComplex
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from ...domain.errors import InvalidJob, Unavailable, Violation
from .engine import is_unavailable

UNSTORABLE = (DataError, CheckViolation, ProgramLimitExceeded, StatementTooComplex, UnicodeError)
"""The database, or the driver before it, refuses a value; another value would do."""

_PASSING = {"40001", "40P01", "55P03", "57014"}
"""A conflict or a time limit: the same may well work in a moment."""

_POINTERS = {
    "payload": "/payload",
    "document": "/payload",
    "priority": "/priority",
    "max_retries": "/max_retries",
    "timeout": "/timeout_s",
    "backoff": "/backoff",
    "run_at": "/run_at",
    "expires_at": "/expires_at",
    "tags": "/tags",
    "unique": "/unique/key",
    "traceparent": "/traceparent",
    "cancel_reason": "/reason",
}
"""Where a rule of the table points in what the caller sent; the rules are named after what they demand."""


class StorageFault(Exception):
    """The database refused what eQueue itself composed: this build and its schema do not fit. Report it."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database raises within into `Unavailable`, `InvalidJob` or `StorageFault`."""
    try:
        yield
    except (psycopg.Error, SQLAlchemyError, OSError, UnicodeError) as error:
        raise told(error) from error


def told(error: BaseException) -> Exception:
    """Return `error` in eQueue's words."""
    cause = getattr(error, "orig", None) or error
    if is_unavailable(cause) or getattr(cause, "sqlstate", None) in _PASSING or isinstance(error, PoolExhausted):
        return Unavailable("the database does not answer")
    if isinstance(cause, UNSTORABLE):
        return InvalidJob((violation(cause),))
    return StorageFault(f"{type(cause).__name__} {getattr(cause, 'sqlstate', None) or ''}".strip())


def violation(error: BaseException) -> Violation:
    """Return which field of a job a refused value stands in, as far as the refusal tells, and which rule it broke."""
    rule = isinstance(error, psycopg.Error) and error.diag.constraint_name
    if not rule:
        return Violation("", "cannot be stored: invalid text, number or nesting", "unstorable")
    demand = rule.partition("jobs_")[2] or rule
    pointer = next((place for word, place in _POINTERS.items() if demand.startswith(word)), "")
    return Violation(pointer, demand.replace("_", " "), "too-large" if "at_most" in demand else "invalid")
