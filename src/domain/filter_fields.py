"""The fields of a job that a filter can speak of: what each is called, of which kind it is, and where it is found."""

import json
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from .job import Job
from .status import JobStatus

Json: TypeAlias = str | Decimal | bool | None


class Kind(StrEnum):
    """What the values of a field are."""

    STATUS = "status"
    NAME = "name"
    TEXT = "text"
    WHOLE = "whole number"
    TIME = "time"
    ID = "id"
    ERROR = "error"
    JSON = "JSON"


class Unseen:
    """Stands for the values of a field whose document was not read with the job."""


UNSEEN: Final = Unseen()


@attrs.frozen
class Field:
    """One field: its `name` in a filter, and the job's attribute; a JSON one has a path into it."""

    name: str
    kind: Kind
    attribute: str
    about: str = attrs.field(default="", eq=False)
    path: tuple[str, ...] = ()

    def of(self, job: Job, *, deep: bool = False) -> tuple[Any, ...] | Unseen:
        """Return the values that `job` has there, none if it has none; `deep` is for a search in all of its text."""
        if self.kind is Kind.JSON:
            return _at(job.payload, self.path) if job.payload else UNSEEN
        if self.name == "fingerprint":
            return (job.error.group,) if job.error is not None and job.status is JobStatus.DEAD else ()
        if self.kind is Kind.ERROR:
            return _error(job, deep=deep)
        value: Any = getattr(job, self.attribute)
        return value if isinstance(value, tuple) else () if value is None else (value,)


PAYLOAD: Final = Field("payload", Kind.JSON, "payload", "a value within the payload, such as payload.user.id:42")

FIELDS: Final = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("status", Kind.STATUS, "status", "queued, running, succeeded, dead or cancelled"),
            Field("queue", Kind.NAME, "queue", "the queue; email.* means every queue whose name begins so"),
            Field("task", Kind.NAME, "task", "the task; email.* means every task whose name begins so"),
            Field("tag", Kind.TEXT, "tags", "any of the tags"),
            Field("priority", Kind.WHOLE, "priority", "0 (first) to 9"),
            Field("attempt", Kind.WHOLE, "attempt", "how often it was claimed"),
            Field("retry_count", Kind.WHOLE, "retry_count", "how many failures were retried"),
            Field("max_retries", Kind.WHOLE, "max_retries", "how many failures may be retried"),
            Field("created", Kind.TIME, "created_at", "when it was enqueued"),
            Field("run_at", Kind.TIME, "run_at", "when it is due"),
            Field("started", Kind.TIME, "started_at", "when the last attempt began"),
            Field("finished", Kind.TIME, "finished_at", "when it ended"),
            Field("error", Kind.ERROR, "error", 'the type of the last error; error~"text" searches its message too'),
            Field("fingerprint", Kind.TEXT, "error", "the cause of a dead job's death"),
            Field("worker", Kind.ID, "worker_id", "the id of the worker that holds it or held it last"),
            Field("concurrency_key", Kind.TEXT, "concurrency_key", "its concurrency key"),
            Field("unique_key", Kind.TEXT, "unique_key", "its unique key"),
            Field("parent", Kind.ID, "parent_id", "the id of the job that it comes from"),
            Field("id", Kind.ID, "id", "its own id"),
            PAYLOAD,
        )
    }
)
"""Every field by its name. An explanation of each is shown where a filter is completed."""


def is_place(step: str) -> bool:
    """Tell whether a step of a path names a place in an array, the first one being 0."""
    return step.isascii() and step.isdecimal() and len(step) < 10


def _error(job: Job, *, deep: bool) -> tuple[str, ...] | Unseen:
    if job.error is None:
        return ()
    if not deep:
        return (job.error.type,)
    return (job.error.type, job.error.message) if job.payload else UNSEEN


def _at(payload: bytes, path: tuple[str, ...]) -> tuple[Json, ...]:
    """Return the scalar at a path; an object or array there is no value that a filter could name."""
    try:
        found: Any = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        return ()
    for step in path:
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and is_place(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return ()
    return () if isinstance(found, dict | list) else (found,)
