"""From a request on the wire to the draft of a job."""

from datetime import timedelta

import msgspec
from msgspec import UNSET

from ...application.enqueue import Draft
from ...domain.retry import Backoff, Exponential, Fixed
from ...domain.spec import JobSpec, Unique
from . import json_body, wire

_JOB = msgspec.json.Decoder(wire.JobRequest)


def read_job(document: bytes) -> Draft:
    """Return the draft that one JSON document asks for; raise `Problem` where it is malformed."""
    json_body.refuse_nul(document)
    request = json_body.decode(document, _JOB)
    payload = b"{}" if request.payload is UNSET else bytes(request.payload)
    json_body.check_payload(payload)
    return _draft(request, payload)


def _draft(request: wire.JobRequest, payload: bytes) -> Draft:
    spec = JobSpec(
        task=request.task,
        payload=payload,
        priority=request.priority,
        run_at=request.run_at,
        delay=_span(request.delay_s),
        backoff=_backoff(request.backoff),
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


def _backoff(backoff: wire.Backoff | None) -> Backoff | None:
    match backoff:
        case wire.FixedBackoff():
            return Fixed(backoff.base_s, backoff.jitter)
        case wire.ExponentialBackoff():
            return Exponential(backoff.base_s, backoff.factor, backoff.cap_s, backoff.jitter)
        case None:
            return None
