"""What the command line's exit codes mean, and which trouble ends with which."""

import sys
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, for scripts."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    CHECK_SAID_NO = 3
    AUTH = 4
    JOB_FAILED = 5
    WAIT_TIMED_OUT = 6
    NOT_FOUND = 7
    CONFLICT = 8
    NOT_REACHABLE = 9
    INTERRUPTED = 130


class Stop(Exception):
    """The command cannot go on; the message says what to do, `code` tells scripts the kind."""

    def __init__(self, message: str, code: Exit = Exit.FAILURE) -> None:
        super().__init__(message)
        self.code = code


_BY_STATUS = {
    401: Exit.AUTH,
    403: Exit.AUTH,
    404: Exit.NOT_FOUND,
    409: Exit.CONFLICT,
    412: Exit.CONFLICT,
    503: Exit.NOT_REACHABLE,
}
_BY_CODE = {
    "not-found": Exit.NOT_FOUND,
    "email-taken": Exit.CONFLICT,
    "last-admin": Exit.CONFLICT,
    "key-revoked": Exit.CONFLICT,
    "stale": Exit.CONFLICT,
}
_HINTS = {401: "EQUEUE_API_KEY holds the key; under `equeue dev` it is in .equeue/key"}


def explain(trouble: Exception) -> Stop | None:
    """Return how `trouble` is told and with which code we end; `None` if it is a defect of ours."""
    return _remote(trouble) or _local(trouble)


def _remote(trouble: Exception) -> Stop | None:
    from ..sdk.refusals import NotReachable, Refused

    match trouble:
        case Stop():
            return trouble
        case Refused():
            return _refused(trouble.status, str(trouble))
        case NotReachable():
            return Stop(str(trouble), Exit.NOT_REACHABLE)
        case _:
            return None


def _local(trouble: Exception) -> Stop | None:
    from ...domain.errors import DomainError, Unavailable
    from ..dev.places import AlreadyRunning
    from ..dev.postgres import NoDatabase
    from ..dev.redis import NoRedis
    from ..settings import BadSetting

    match trouble:
        case BadSetting():
            return Stop(str(trouble), Exit.USAGE)
        case Unavailable():
            return Stop(f"{trouble}: is PostgreSQL running, and EQUEUE_DATABASE_URL right?", Exit.NOT_REACHABLE)
        case DomainError():
            return Stop(str(trouble), _BY_CODE.get(trouble.code, Exit.FAILURE))
        case AlreadyRunning() | NoDatabase() | NoRedis():
            return Stop(str(trouble))
        case _:
            return None


def _refused(status: int, told: str) -> Stop:
    hint = _HINTS.get(status)
    return Stop(f"{told}\n{hint}" if hint else told, _BY_STATUS.get(status, Exit.FAILURE))


def complain(message: str) -> None:
    """Tell a person, where data do not go."""
    print(f"equeue: {message}", file=sys.stderr)
