"""What a handler may raise to say how its attempt ends; any other exception follows the task's policy."""

from datetime import timedelta
from typing import TypeAlias

Duration: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""


def duration(value: Duration) -> timedelta:
    """Return `value` as a timedelta, plain numbers being seconds."""
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


class Retry(Exception):
    """Try again: a failure that uses up one retry. `after` overrules the task's backoff."""

    def __init__(self, why: str = "", *, after: Duration | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.after = None if after is None else duration(after)


class Discard(Exception):
    """Give up at once: trying again is hopeless. The job becomes a dead letter with `why` as its error."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class Snooze(Exception):
    """Call the handler again after `delay`; this costs no retry."""

    def __init__(self, delay: Duration) -> None:
        super().__init__(f"snoozed for {duration(delay).total_seconds():g} s")
        self.delay = duration(delay)
