"""What is set for a queue: defaults for its jobs, and what to do when one of them dies."""

from collections.abc import Iterator
from datetime import timedelta

import attrs

from .errors import InvalidQueue, Violation
from .ids import NAME
from .on_dead import OnDead, on_dead_problems
from .retention import UNSAID, Retention, retention_problems
from .retry import MAX_RETRIES, Backoff, backoff_problems
from .spec import LONGEST_TIMEOUT, SHORTEST_TIMEOUT


@attrs.frozen
class QueueSettings:
    """The settings of one queue; `None` leaves one to the system.

    `max_retries` and `timeout` count when a job is enqueued for which neither caller nor task says otherwise,
    `backoff` when a job fails that carries none, `on_dead` when a job dies whose task names none, `retention` once a
    job has ended.
    """

    max_retries: int | None = None
    timeout: timedelta | None = None
    backoff: Backoff | None = None
    on_dead: OnDead | None = None
    retention: Retention = UNSAID


UNSET = QueueSettings()
"""The settings of a queue for which nobody set anything."""


def check_queue(name: str, settings: QueueSettings) -> None:
    """Raise `InvalidQueue` with every rule that the settings break."""
    violations = tuple(_violations(name, settings))
    if violations:
        raise InvalidQueue(violations)


def _violations(name: str, settings: QueueSettings) -> Iterator[Violation]:
    if not NAME.fullmatch(name):
        yield Violation("", "the name must be 1 to 128 of a-z 0-9 _ . -", "pattern")
    if settings.max_retries is not None and not 0 <= settings.max_retries <= MAX_RETRIES:
        yield Violation("/defaults/max_retries", f"must be between 0 and {MAX_RETRIES}", "range")
    if settings.timeout is not None and not SHORTEST_TIMEOUT <= settings.timeout <= LONGEST_TIMEOUT:
        yield Violation("/defaults/timeout_s", "must be between 0.1 and 86400", "range")
    for field, problem in backoff_problems(settings.backoff) if settings.backoff else ():
        yield Violation(f"/defaults/backoff/{field}{'' if field in ('factor', 'jitter') else '_s'}", problem, "range")
    for violation in on_dead_problems(settings.on_dead) if settings.on_dead else ():
        yield violation.under("/on_dead")
    for violation in retention_problems(settings.retention):
        yield violation.under("/retention")
