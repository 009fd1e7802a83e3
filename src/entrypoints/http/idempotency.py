"""Enqueueing through HTTP: a repeated request with the same Idempotency-Key gets the first answer again."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs
import msgspec

from ...application.enqueue import Draft, Replayed, Report, Review, content, untold
from ...application.ports.idempotency import IdempotencyKey
from ...application.ports.jobs import Enqueued
from ...application.ports.tracing import UNTRACED, Tracing
from ...domain.ids import Json, UserId
from . import wire
from .endpoint import Answer, Call
from .problems import Problem
from .services import HttpServices

HEADER = "idempotency-key"
KEY_CHARS = 255
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

Write: TypeAlias = Callable[[Sequence[Enqueued]], Answer]


class _Kept(msgspec.Struct):
    """An answer as it is kept; `body` word for word."""

    status: int
    headers: dict[str, str]
    body: msgspec.Raw


async def enqueue(
    services: HttpServices,
    call: Call[Any, Any],
    drafts: Sequence[Draft],
    write: Write,
    review: Review = content,
    *,
    owner: UserId | Literal["caller"] | None = "caller",
    report: Report = untold,
) -> Answer:
    """Enqueue `drafts`, at most once per idempotency key, and answer with what `write` makes of it.

    The jobs are the caller's own unless another `owner` is named.
    """
    caller, tracing = call.principal, traced(drafts, call.headers, services.tracing)
    owned_by = caller.user_id if owner == "caller" else owner
    key = key_of(call)
    if key is None:
        stored = await services.enqueue(tracing, owned_by, reaches=caller.reaches, review=review, report=report)
        return write(stored)
    outcome = await services.enqueue.once(
        tracing, owned_by, key, lambda stored: keep(write(stored)), reaches=caller.reaches, review=review, report=report
    )
    return again(outcome.answer) if isinstance(outcome, Replayed) else write(outcome)


def key_of(call: Call[Any, Any]) -> IdempotencyKey | None:
    """Return the key under which the caller repeats a request, if there is one."""
    text = call.headers.get(HEADER)
    if text is None:
        return None
    if not 1 <= len(text) <= KEY_CHARS or not text.isascii() or not text.isprintable() or not text.strip():
        raise Problem(
            "invalid-idempotency-key", f"The Idempotency-Key needs 1 to {KEY_CHARS} printable ASCII characters."
        )
    return IdempotencyKey(call.principal.name, text, _fingerprint(call))


def _fingerprint(call: Call[Any, Any]) -> bytes:
    """Return what tells this request from another under the same key: where it goes, how it is read, what it says."""
    said = (call.path.encode(), wire.encode(call.query), call.content_type.encode(), call.raw)
    return hashlib.sha256(b"\n".join(hashlib.sha256(part).digest() for part in said)).digest()


def keep(answer: Answer) -> Json:
    """Return an answer as it is kept."""
    return wire.encode(_Kept(answer.status, dict(answer.headers), msgspec.Raw(answer.content)))


def again(kept: Json) -> Answer:
    """Return the answer that was kept, and say that it is the first one again."""
    first = msgspec.json.decode(kept, type=_Kept)
    return Answer(bytes(first.body), first.status, {**first.headers, "Idempotency-Replayed": "true"})


def traced(drafts: Sequence[Draft], headers: Mapping[str, str], tracing: Tracing = UNTRACED) -> Sequence[Draft]:
    """Return the drafts with the caller's trace, if it is one (W3C Trace Context); a broken one is left out."""
    given = headers.get("traceparent", "")
    parent = given if _TRACEPARENT.fullmatch(given) else None
    traceparent = tracing.enqueue(drafts[0].spec.task, parent) if drafts else None
    if traceparent is None:
        return drafts
    return [attrs.evolve(draft, spec=attrs.evolve(draft.spec, traceparent=traceparent)) for draft in drafts]
