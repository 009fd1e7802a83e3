"""What is set for a queue: defaults for its jobs, what to do when one of them dies, limits, and whether it pauses."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import attrs

from .errors import InvalidQueue, Violation
from .ids import NAME, UUID, UserId
from .limits import UNLIMITED, QueueLimits, limit_problems
from .on_dead import OnDead, on_dead_problems
from .retention import UNSAID, Retention, retention_problems
from .retry import MAX_RETRIES, Backoff
from .spec import LATEST, LONGEST_TIMEOUT, REASON_CHARS, SHORTEST_TIMEOUT, backoff_violations

SHORTEST_TARGET = timedelta(seconds=0.1)
LONGEST_TARGET = timedelta(days=1)


@attrs.frozen
class QueueSettings:
    """The settings of one queue; `None` leaves one to the system.

    `max_retries` and `timeout` count when a job is enqueued for which neither caller nor task says otherwise,
    `backoff` when a job fails that carries none, `on_dead` when a job dies whose task names none, `retention` once a
    job has ended. `target_wait` is how long jobs may wait as far as workers can be had for them: no promise, but what
    autoscalers are told by.
    """

    max_retries: int | None = None
    timeout: timedelta | None = None
    backoff: Backoff | None = None
    on_dead: OnDead | None = None
    limits: QueueLimits = UNLIMITED
    retention: Retention = UNSAID
    target_wait: timedelta | None = None


@attrs.frozen
class Pause:
    """No job of the queue starts: since when, on whose word and why, and until when (`None`: until it is resumed)."""

    at: datetime
    user_id: UserId | None = None
    key_id: UUID | None = None
    reason: str | None = None
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether the queue still pauses."""
        return self.until is None or self.until > now


UNSET = QueueSettings()
"""The settings of a queue for which nobody set anything."""


def check_queue(name: str, settings: QueueSettings) -> None:
    """Raise `InvalidQueue` with every rule that the settings break."""
    violations = tuple(_violations(name, settings))
    if violations:
        raise InvalidQueue(violations)


def check_pause(name: str, pause: Pause) -> None:
    """Raise `InvalidQueue` with every rule that the pause breaks."""
    violations = list(_violations(name, UNSET))
    if pause.reason is not None and len(pause.reason) > REASON_CHARS:
        violations.append(Violation("/reason", f"must have at most {REASON_CHARS} characters", "range"))
    if pause.until is not None and pause.until.tzinfo is None:
        violations.append(Violation("/until", "must name its offset from UTC, such as Z", "range"))
    elif pause.until is not None and not timedelta(0) < pause.until - pause.at <= LATEST:
        violations.append(Violation("/until", "must lie ahead, by ten years at most", "range"))
    if violations:
        raise InvalidQueue(tuple(violations))


def _violations(name: str, settings: QueueSettings) -> Iterator[Violation]:
    if not NAME.fullmatch(name):
        yield Violation("", "the name must be 1 to 128 of a-z 0-9 _ . -", "pattern")
    if settings.max_retries is not None and not 0 <= settings.max_retries <= MAX_RETRIES:
        yield Violation("/defaults/max_retries", f"must be between 0 and {MAX_RETRIES}", "range")
    if settings.timeout is not None and not SHORTEST_TIMEOUT <= settings.timeout <= LONGEST_TIMEOUT:
        yield Violation("/defaults/timeout_s", "must be between 0.1 and 86400", "range")
    yield from backoff_violations("/defaults/backoff", settings.backoff)
    for violation in on_dead_problems(settings.on_dead) if settings.on_dead else ():
        yield violation.under("/on_dead")
    yield from limit_problems(settings.limits)
    for violation in retention_problems(settings.retention):
        yield violation.under("/retention")
    if settings.target_wait is not None and not SHORTEST_TARGET <= settings.target_wait <= LONGEST_TARGET:
        yield Violation("/target_wait_s", "must be between 0.1 and 86400", "range")
