"""From a request on the wire to the draft of a job, or to the changes of one."""

from datetime import datetime, timedelta
from typing import TypeVar

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from ...application.enqueue import Draft
from ...domain.job import Job
from ...domain.retry import Backoff, Exponential, Fixed
from ...domain.spec import JobSpec, Unique
from . import json_body, steering, wire

Value = TypeVar("Value")

_JOB = msgspec.json.Decoder(wire.JobRequest)
_EDIT = msgspec.json.Decoder(steering.EditRequest)
_RERUN = msgspec.json.Decoder(steering.RerunRequest)


def read_job(document: bytes) -> Draft:
    """Return the draft that one JSON document asks for; raise `Problem` where it is malformed."""
    json_body.refuse_nul(document)
    request = json_body.decode(document, _JOB)
    payload = b"{}" if request.payload is UNSET else bytes(request.payload)
    json_body.check_payload(payload)
    return _draft(request, payload)


def read_edit(document: bytes) -> steering.EditRequest:
    """Return the changes that one JSON document asks for; raise `Problem` where it is malformed."""
    json_body.refuse_nul(document)
    request = json_body.decode(document, _EDIT)
    if request.payload is not UNSET:
        json_body.check_payload(bytes(request.payload))
    return request


def read_rerun(document: bytes) -> steering.RerunRequest:
    """Return what a copy is to have of its own; raise `Problem` where it is malformed."""
    json_body.refuse_nul(document)
    request = json_body.decode(document or b"{}", _RERUN)
    if request.payload is not UNSET:
        json_body.check_payload(bytes(request.payload))
    return request


def rerun_of(request: steering.RerunRequest, job: Job, now: datetime) -> Draft:
    """Return the draft of a copy of `job`, with what `request` wants otherwise."""
    copy = job.again(now)
    spec = attrs.evolve(
        copy,
        payload=copy.payload if request.payload is UNSET else bytes(request.payload),
        priority=_or(request.priority, copy.priority),
        run_at=request.run_at,
        delay=_span(request.delay_s),
        backoff=copy.backoff if request.backoff is UNSET else backoff_of(request.backoff),
        expires_at=_or(request.expires_at, copy.expires_at),
        tags=copy.tags if request.tags is UNSET else tuple(request.tags),
        unique=copy.unique if request.unique is UNSET else _unique(request.unique),
        concurrency_key=_or(request.concurrency_key, copy.concurrency_key),
    )
    timeout = copy.timeout if request.timeout_s is UNSET else timedelta(seconds=request.timeout_s)
    return Draft(spec, _or(request.queue, copy.queue), _or(request.max_retries, copy.max_retries), timeout, job.id)


def _or(given: Value | UnsetType, copied: Value) -> Value:
    return copied if given is UNSET else given


def _draft(request: wire.JobRequest, payload: bytes) -> Draft:
    spec = JobSpec(
        task=request.task,
        payload=payload,
        priority=request.priority,
        run_at=request.run_at,
        delay=_span(request.delay_s),
        backoff=backoff_of(request.backoff),
        expires_at=request.expires_at,
        tags=tuple(request.tags),
        unique=_unique(request.unique),
        concurrency_key=request.concurrency_key,
    )
    return Draft(spec, request.queue, request.max_retries, _span(request.timeout_s))


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _unique(unique: wire.UniqueRequest | None) -> Unique | None:
    return None if unique is None else Unique(unique.key, unique.held_while, unique.on_conflict)


def backoff_of(backoff: wire.Backoff | None) -> Backoff | None:
    """Return the retry policy that a request names."""
    match backoff:
        case wire.FixedBackoff():
            return Fixed(backoff.base_s, backoff.jitter)
        case wire.ExponentialBackoff():
            return Exponential(backoff.base_s, backoff.factor, backoff.cap_s, backoff.jitter)
        case None:
            return None
