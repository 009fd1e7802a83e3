"""What a worker and its child processes say to each other: one JSON object a frame, its length before it."""

import json
import struct
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from ...application.judging import Word
from ...domain.ids import UUID
from ...domain.lease import Claim, Fence
from ...domain.outcomes import Crashed, Discarded, Failed, JobError, Snoozed

Frame: TypeAlias = dict[str, Any]
LENGTH = struct.Struct("!I")


def packed(frame: Frame) -> bytes:
    """Return `frame` as it goes over the wire."""
    body = json.dumps(frame, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def claim_facts(claim: Claim) -> Frame:
    """Return what a handler may know of its job; the payload travels as the JSON text it is."""
    return {
        "job_id": str(claim.job_id),
        "token": claim.fence.token,
        "task": claim.task,
        "queue": claim.queue,
        "payload": claim.payload.decode(),
        "counts": [claim.attempt, claim.retry_count, claim.max_retries, claim.lapse_count, claim.priority],
        "timeout_s": claim.timeout.total_seconds(),
        "times": [each.isoformat() for each in (claim.created_at, claim.run_at, claim.lease_expires_at)],
        "ids": [None if each is None else str(each) for each in (claim.worker_id, claim.user_id, claim.parent_id)],
        "tags": list(claim.tags),
        "traceparent": claim.traceparent,
    }


def claim_of(facts: Frame) -> Claim:
    """Return the claim that `facts` tell of."""
    attempt, retry_count, max_retries, lapse_count, priority = facts["counts"]
    created_at, run_at, lease_expires_at = (datetime.fromisoformat(each) for each in facts["times"])
    worker_id, user_id, parent_id = (None if each is None else UUID(each) for each in facts["ids"])
    assert worker_id is not None  # noqa: S101 - whoever claimed the job is known
    return Claim(
        fence=Fence(UUID(facts["job_id"]), facts["token"]),
        task=facts["task"],
        queue=facts["queue"],
        payload=facts["payload"].encode(),
        attempt=attempt,
        retry_count=retry_count,
        max_retries=max_retries,
        backoff=None,
        timeout=timedelta(seconds=facts["timeout_s"]),
        begun=True,
        lapse_count=lapse_count,
        cancel_requested=False,
        priority=priority,
        created_at=created_at,
        run_at=run_at,
        lease_expires_at=lease_expires_at,
        worker_id=worker_id,
        tags=tuple(facts["tags"]),
        user_id=user_id,
        parent_id=parent_id,
        traceparent=facts["traceparent"],
    )


def word_facts(word: Word) -> Frame:
    """Return what a handler's exception said."""
    facts: Frame = {"own": word.own, "cancelled": word.cancelled}
    match word.outcome:
        case Failed(error=error, retry_after=after, retryable=retryable):
            wish = None if after is None else after.total_seconds()
            return {**facts, "kind": "failed", "error": _error_facts(error), "after": wish, "retryable": retryable}
        case Discarded(error=error):
            return {**facts, "kind": "discarded", "error": _error_facts(error)}
        case Snoozed(delay=delay):
            return {**facts, "kind": "snoozed", "after": delay.total_seconds()}
        case other:
            raise TypeError(f"no exception says {other!r}")


def word_from(facts: Frame) -> Word:
    """Return the word that `facts` tell of."""
    own, cancelled, after = facts["own"], facts["cancelled"], facts.get("after")
    delay = None if after is None else timedelta(seconds=after)
    match facts["kind"]:
        case "failed":
            return Word(Failed(_error_from(facts["error"]), delay, facts["retryable"]), own, cancelled)
        case "discarded":
            return Word(Discarded(_error_from(facts["error"])), own, cancelled)
        case _:
            return Word(Snoozed(delay or timedelta(0)), own, cancelled)


def died(error: JobError) -> Word:
    """Return the word of a process that could not say anything any more."""
    return Word(Crashed(error))


def _error_facts(error: JobError) -> list[str]:
    return [error.type, error.message, error.traceback, error.fingerprint]


def _error_from(facts: list[str]) -> JobError:
    return JobError(*facts)
