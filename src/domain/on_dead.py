"""What follows on a death: a job that tells of it, at most one per death."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .errors import Violation
from .ids import NAME, Json
from .lease import Claim
from .outcomes import JobError

ON_DEAD_TAG = "on_dead"
"""Every job that tells of a death carries this tag, and its own death is told to nobody."""

PAYLOAD_BYTES = 32 * 1024


def _document(payload: Json | Mapping[str, Any] | None) -> Json | None:
    return _written(payload) if isinstance(payload, Mapping) else payload


@attrs.frozen
class OnDead:
    """The task to enqueue when a job dies.

    Without a `payload` the job gets the facts of the death as its payload: `job_id`, `task`, `queue`, `attempt` and
    `error` (`type`, `message`, `fingerprint`). With one it gets that, in which each text that is exactly `$job_id`,
    `$task`, `$queue`, `$attempt` or `$error` stands for that fact, and `$job` for all of them.
    """

    task: str
    payload: Json | None = attrs.field(default=None, converter=_document)

    def payload_of(self, claim: Claim, error: JobError | None) -> Json:
        """Return the payload of the job that tells of the death of `claim`'s job."""
        facts = _facts(claim, error)
        if self.payload is None:
            return _written(facts)
        names = {f"${name}": fact for name, fact in facts.items()} | {"$job": facts}
        return _written(_filled(json.loads(self.payload), names))


def on_dead_problems(on_dead: OnDead) -> Iterator[Violation]:
    """Yield every rule that `on_dead` breaks."""
    if not NAME.fullmatch(on_dead.task):
        yield Violation("/task", "must be 1 to 128 of a-z 0-9 _ . -", "pattern")
    if on_dead.payload is not None and len(on_dead.payload) > PAYLOAD_BYTES:
        yield Violation("/payload", f"must be at most {PAYLOAD_BYTES} bytes of JSON", "range")
    if on_dead.payload is not None and not on_dead.payload.lstrip().startswith(b"{"):
        yield Violation("/payload", "must be a JSON object", "type")


def _facts(claim: Claim, error: JobError | None) -> dict[str, Any]:
    told = error or JobError("Error")
    return {
        "job_id": str(claim.job_id),
        "task": claim.task,
        "queue": claim.queue,
        "attempt": claim.attempt,
        "error": {"type": told.type, "message": told.message, "fingerprint": told.fingerprint},
    }


def _filled(value: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, names) for name, each in value.items()}
    return value


def _written(value: Any) -> Json:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
