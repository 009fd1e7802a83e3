"""What a caller asks for: a job not yet born, and the rules it has to keep."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from .errors import InvalidJob, Violation
from .ids import KEY_BYTES, NAME, JobId, Json, UserId
from .retry import MAX_RETRIES, Backoff, backoff_problems

DEFAULT_QUEUE = "default"
DEFAULT_PRIORITY = 5
DEFAULT_MAX_RETRIES = 3
DEFAULT_TIMEOUT = timedelta(seconds=300)
LOWEST_PRIORITY = 9
PAYLOAD_BYTES = 1024 * 1024
TAGS = 20
TAG_CHARS = 64
REASON_CHARS = 1_000
TRACEPARENT_BYTES = 255
SHORTEST_TIMEOUT = timedelta(milliseconds=100)
LONGEST_TIMEOUT = timedelta(days=1)
EARLIEST = timedelta(days=-1)
LATEST = timedelta(days=3_653)


class UniqueWhile(StrEnum):
    """How long a unique key is held: until the first claim, or until the job ends."""

    QUEUED = "queued"
    ACTIVE = "active"


class OnConflict(StrEnum):
    """What an enqueue gets when another job holds its unique key."""

    RETURN_EXISTING = "return_existing"
    REJECT = "reject"


@attrs.frozen
class Unique:
    """At most one job of this owner holds `key` at a time."""

    key: str
    held_while: UniqueWhile = UniqueWhile.ACTIVE
    on_conflict: OnConflict = OnConflict.RETURN_EXISTING


def _traceparent(text: str | None) -> str | None:
    return text if text and text.isascii() and text.isprintable() and len(text) <= TRACEPARENT_BYTES else None


@attrs.frozen
class JobSpec:
    """A request to run `task` with `payload`, a JSON object.

    Give `run_at` or `delay`, not both; neither is now. `None` in `backoff` is the system's default. Bounds are
    checked by `check`, once, where the request enters. A `traceparent` that is no short text is left out: a trace is
    never a reason to refuse a job.
    """

    task: str
    payload: Json = b"{}"
    queue: str = DEFAULT_QUEUE
    priority: int = DEFAULT_PRIORITY
    run_at: datetime | None = None
    delay: timedelta | None = None
    max_retries: int = DEFAULT_MAX_RETRIES
    backoff: Backoff | None = None
    timeout: timedelta = DEFAULT_TIMEOUT
    expires_at: datetime | None = None
    tags: tuple[str, ...] = ()
    unique: Unique | None = None
    concurrency_key: str | None = None
    traceparent: str | None = attrs.field(default=None, converter=_traceparent)


@attrs.frozen
class Birth:
    """A checked request with an identity: who asks for it, and which job it comes from."""

    job_id: JobId
    spec: JobSpec
    user_id: UserId | None = None
    parent_id: JobId | None = None

    @property
    def unique_slot(self) -> str | None:
        """Return the one slot that the job takes in the whole system; a unique key belongs to its owner."""
        return None if self.spec.unique is None else f"{self.user_id or '-'}:{self.spec.unique.key}"


def check(spec: JobSpec, *, now: datetime, payload_bytes: int = PAYLOAD_BYTES) -> None:
    """Raise `InvalidJob` with every rule that `spec` breaks; `now` only bounds the times, loosely."""
    violations = tuple(_violations(spec, now, payload_bytes))
    if violations:
        raise InvalidJob(violations)


def _violations(spec: JobSpec, now: datetime, payload_bytes: int) -> Iterator[Violation]:
    yield from _name("/task", spec.task)
    yield from _name("/queue", spec.queue)
    if not spec.payload.startswith(b"{"):
        yield Violation("/payload", "must be a JSON object", "type")
    if len(spec.payload) > payload_bytes:
        yield Violation("/payload", f"must be at most {payload_bytes} bytes of JSON", "too-large")
    if not 0 <= spec.priority <= LOWEST_PRIORITY:
        yield Violation("/priority", f"must be between 0 (first) and {LOWEST_PRIORITY}", "range")
    if not 0 <= spec.max_retries <= MAX_RETRIES:
        yield Violation("/max_retries", f"must be between 0 and {MAX_RETRIES}", "range")
    if not SHORTEST_TIMEOUT <= spec.timeout <= LONGEST_TIMEOUT:
        yield Violation("/timeout_s", "must be between 0.1 and 86400", "range")
    yield from backoff_violations("/backoff", spec.backoff)
    yield from _times(spec, now)
    yield from _texts(spec)


def backoff_violations(pointer: str, backoff: Backoff | None) -> Iterator[Violation]:
    """Yield every rule that a backoff breaks; on the wire, durations are named with their unit."""
    for field, problem in backoff_problems(backoff) if backoff else ():
        yield Violation(f"{pointer}/{field}{'' if field in ('factor', 'jitter') else '_s'}", problem, "range")


def _times(spec: JobSpec, now: datetime) -> Iterator[Violation]:
    if spec.run_at is not None and spec.delay is not None:
        yield Violation("/delay_s", "give run_at or delay_s, not both", "conflict")
    if spec.delay is not None and not timedelta(0) <= spec.delay <= LATEST:
        yield Violation("/delay_s", "must be between 0 and ten years", "range")
    for pointer, instant in (("/run_at", spec.run_at), ("/expires_at", spec.expires_at)):
        if instant is None:
            continue
        if instant.tzinfo is None:
            yield Violation(pointer, "must name its offset from UTC, such as Z", "range")
        elif not EARLIEST <= instant - now <= LATEST:
            yield Violation(pointer, "must lie between a day ago and ten years ahead", "range")


def _texts(spec: JobSpec) -> Iterator[Violation]:
    if len(spec.tags) > TAGS:
        yield Violation("/tags", f"must be at most {TAGS}", "too-many")
    for place, tag in enumerate(spec.tags):
        if not 1 <= len(tag) <= TAG_CHARS or not tag.isprintable():
            yield Violation(f"/tags/{place}", f"must have 1 to {TAG_CHARS} printable characters", "range")
    if spec.unique is not None:
        yield from _key("/unique/key", spec.unique.key)
    if spec.concurrency_key is not None:
        yield from _key("/concurrency_key", spec.concurrency_key)


def _name(pointer: str, name: str) -> Iterator[Violation]:
    if not NAME.fullmatch(name):
        yield Violation(pointer, "must be 1 to 128 of a-z 0-9 _ . -", "pattern")


def _key(pointer: str, key: str) -> Iterator[Violation]:
    if not key.isprintable() or not key.strip() or len(key.encode("utf-8", "replace")) > KEY_BYTES:
        yield Violation(pointer, f"must be 1 to {KEY_BYTES} bytes of printable text", "range")
