"""How an attempt can end: the facts a worker reports, not what follows from them."""

from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

import attrs

from .ids import Json

MESSAGE_CHARS = 4_000
TRACEBACK_CHARS = 32_000
FINGERPRINT_CHARS = 255

LEASE_EXPIRED = "LeaseExpired"
PROCESS_DIED = "ProcessDied"
CRASHES = frozenset({LEASE_EXPIRED, PROCESS_DIED})
"""The types of errors that no exception stands behind: the process that ran the handler is gone."""


class AttemptOutcome(StrEnum):
    """The word under which an attempt is remembered."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"
    SNOOZED = "snoozed"
    RELEASED = "released"


@attrs.frozen
class JobError:
    """Why an attempt did not succeed.

    The text may come from anywhere, so build it with `JobError.of`, which makes it storable: no NUL, no broken
    Unicode, bounded length. `fingerprint` groups errors of one cause.
    """

    type: str
    message: str = ""
    traceback: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, type: str, message: str = "", traceback: str = "", fingerprint: str = "") -> "JobError":
        """Return an error whose every text can be stored; long texts keep their telling end."""
        return cls(
            storable(type)[:255] or "Error",
            _clip(storable(message), MESSAGE_CHARS),
            _tail(storable(traceback), TRACEBACK_CHARS),
            storable(fingerprint)[:FINGERPRINT_CHARS],
        )

    @property
    def group(self) -> str:
        """Return what dead letters are grouped by; an error that nobody fingerprinted goes by its type."""
        return (self.fingerprint or self.type or "-")[:FINGERPRINT_CHARS]


def storable(text: str) -> str:
    """Return `text` with what PostgreSQL cannot hold (NUL, lone surrogates) replaced by U+FFFD."""
    return text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _clip(text: str, chars: int) -> str:
    return text if len(text) <= chars else text[: chars - 1] + "…"


def _tail(text: str, chars: int) -> str:
    return text if len(text) <= chars else "…" + text[1 - chars :]


@attrs.frozen
class Succeeded:
    """The handler returned; `result` is what it returned, as JSON."""

    result: Json = b"null"


@attrs.frozen
class Failed:
    """The handler raised. `retry_after` is the handler's own wish; `retryable` is false where the policy forbids it."""

    error: JobError
    retry_after: timedelta | None = None
    retryable: bool = True


@attrs.frozen
class TimedOut:
    """The handler ran beyond its timeout and was cancelled; `retryable` is false where the policy forbids it."""

    error: JobError
    retryable: bool = True


@attrs.frozen
class Crashed:
    """The process that ran the handler died, and the worker lived to tell."""

    error: JobError


@attrs.frozen
class Discarded:
    """The handler said that trying again is hopeless, or the payload did not fit its signature."""

    error: JobError


@attrs.frozen
class Snoozed:
    """The handler asked to be called again later; this costs no retry."""

    delay: timedelta


@attrs.frozen
class Released:
    """The worker gives the job back untouched or cut short by its own shutdown; this costs no retry."""


@attrs.frozen
class CancelAcknowledged:
    """The handler was cancelled because somebody asked for it."""


@attrs.frozen
class Lapsed:
    """The lease ran out and the job was taken over: its worker died, hung or was cut off."""


Outcome: TypeAlias = (
    Succeeded | Failed | TimedOut | Crashed | Discarded | Snoozed | Released | CancelAcknowledged | Lapsed
)
