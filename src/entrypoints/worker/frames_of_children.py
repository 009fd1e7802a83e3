"""How a job that an isolated handler asked for crosses from its process to the worker's."""

from datetime import datetime, timedelta
from typing import Any, cast

from ...application.child_jobs import ChildJob
from ...application.new_jobs import NewJob
from ...application.options import Wishes
from ...domain.ids import UUID
from ...domain.retry import Backoff, Exponential, Fixed
from ...domain.spec import JobSpec, OnConflict, Unique, UniqueWhile
from .frames import Frame


def child_facts(child: ChildJob) -> Frame:
    """Return the job as facts; of wishes their names suffice, for the request holds what was wished."""
    spec, wishes = child.job.spec, child.job.wishes
    return {
        "id": str(child.id),
        "payload": child.job.payload.decode(),
        "wished": None if wishes is None else list(wishes),
        "task": spec.task,
        "queue": spec.queue,
        "priority": spec.priority,
        "run_at": _text(spec.run_at),
        "delay_s": None if spec.delay is None else spec.delay.total_seconds(),
        "max_retries": spec.max_retries,
        "backoff": _backoff_facts(spec.backoff),
        "timeout_s": spec.timeout.total_seconds(),
        "expires_at": _text(spec.expires_at),
        "tags": list(spec.tags),
        "unique": None if spec.unique is None else [spec.unique.key, spec.unique.held_while, spec.unique.on_conflict],
        "concurrency_key": spec.concurrency_key,
        "traceparent": spec.traceparent,
    }


def child_from(facts: Frame) -> ChildJob:
    """Return the job that `facts` tell of."""
    spec = JobSpec(
        facts["task"],
        queue=facts["queue"],
        priority=facts["priority"],
        run_at=_instant(facts["run_at"]),
        delay=None if facts["delay_s"] is None else timedelta(seconds=facts["delay_s"]),
        max_retries=facts["max_retries"],
        backoff=_backoff_from(facts["backoff"]),
        timeout=timedelta(seconds=facts["timeout_s"]),
        expires_at=_instant(facts["expires_at"]),
        tags=tuple(facts["tags"]),
        unique=_unique_from(facts["unique"]),
        concurrency_key=facts["concurrency_key"],
        traceparent=facts["traceparent"],
    )
    wished = facts["wished"]
    wishes = None if wished is None else cast("Wishes", {name: getattr(spec, name) for name in wished})
    return ChildJob(UUID(facts["id"]), NewJob(spec, facts["payload"].encode(), wishes))


def _backoff_facts(backoff: Backoff | None) -> list[Any] | None:
    match backoff:
        case None:
            return None
        case Fixed():
            return ["fixed", backoff.base, backoff.jitter]
        case Exponential():
            return ["exponential", backoff.base, backoff.factor, backoff.cap, backoff.jitter]


def _backoff_from(facts: list[Any] | None) -> Backoff | None:
    if facts is None:
        return None
    kind, *numbers = facts
    return Fixed(*numbers) if kind == "fixed" else Exponential(*numbers)


def _unique_from(facts: list[str] | None) -> Unique | None:
    if facts is None:
        return None
    key, held_while, on_conflict = facts
    return Unique(key, UniqueWhile(held_while), OnConflict(on_conflict))


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
