"""What an exception of a task's own code becomes when it is kept: text of bounded size, and a fingerprint."""

import hashlib
import re
import traceback
from types import TracebackType

from ..domain.outcomes import JobError

FRAMES = 100
"""A traceback deeper than this keeps its outer and inner ends."""

_OWN_PACKAGE = __name__.partition(".")[0]
_CHANGING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{16,}\b|\d+", re.IGNORECASE)


def failure(raised: BaseException, *, kind: str = "", message: str = "") -> JobError:
    """Return `raised` as an error that can be stored, whatever its `__str__` does; by other words if they are given."""
    kind = kind or _kind(raised)
    message = message or _message(raised)
    return JobError.of(kind, message, _traceback(raised), fingerprint(kind, message, raised.__traceback__))


def fingerprint(kind: str, message: str, trace: TracebackType | None = None) -> str:
    """Return what errors of one cause share: their type, the last frame of the task's own code, the masked message."""
    place = _last_own_frame(trace)
    masked = _CHANGING.sub("#", message[:500])
    return hashlib.blake2b(f"{kind}\n{place}\n{masked}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def simple(kind: str, message: str) -> JobError:
    """Return an error that no exception stands behind."""
    return JobError.of(kind, message, "", fingerprint(kind, message))


def _kind(raised: BaseException) -> str:
    kind = type(raised)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(raised: BaseException) -> str:
    try:
        return str(raised)
    except BaseException as broken:  # noqa: BLE001 - a task's own code may do anything here
        return f"<no message: its __str__ raised {type(broken).__name__}>"


def _traceback(raised: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(raised), raised, raised.__traceback__, limit=FRAMES))
    except BaseException:  # noqa: BLE001 - formatting calls the task's own __str__, __repr__ and __cause__
        return "".join(traceback.format_tb(raised.__traceback__, limit=FRAMES))


def _last_own_frame(trace: TracebackType | None) -> str:
    """Return module and function of the innermost frame that is neither eQueue's nor an installed library's."""
    place = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] != _OWN_PACKAGE and "site-packages" not in code.co_filename:
            place = f"{module}.{code.co_qualname}"
        trace = trace.tb_next
    return place
