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

_TRACE = BaseException.__dict__["__traceback__"]
"""The true attribute, which an exception of the task's own may hide."""


def failure(raised: BaseException, *, kind: str = "", message: str = "") -> JobError:
    """Return `raised` as an error that can be stored, whatever its `__str__` does; by other words if they are given."""
    kind = kind or _kind(raised)
    message = message or _message(raised)
    trace: TracebackType | None = _TRACE.__get__(raised)
    return JobError.of(kind, message, _traceback(raised, trace), fingerprint(kind, message, trace))


def fingerprint(kind: str, message: str, trace: TracebackType | None = None, *, place: str = "") -> str:
    """Return what errors of one cause share: their type, the last frame of the task's own code, the masked message."""
    place = place or _last_own_frame(trace)
    masked = _CHANGING.sub("#", message[:500])
    return hashlib.blake2b(f"{kind}\n{place}\n{masked}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def simple(kind: str, message: str, place: str = "") -> JobError:
    """Return an error that no exception stands behind; `place` tells those of one cause from others."""
    return JobError.of(kind, message, "", fingerprint(kind, message, place=place))


def _kind(raised: BaseException) -> str:
    kind = type(raised)
    try:
        module, name = type.__getattribute__(kind, "__module__"), type.__getattribute__(kind, "__qualname__")
    except BaseException:  # noqa: BLE001 - a metaclass may do anything here
        return "Error"
    return _plain(name) if module == "builtins" else f"{_plain(module)}.{_plain(name)}"


def _message(raised: BaseException) -> str:
    try:
        return _plain(str(raised))
    except BaseException as broken:  # noqa: BLE001 - a task's own code may do anything here
        return f"<no message: its __str__ raised {type(broken).__name__}>"


def _plain(text: object) -> str:
    """Return exactly a text: a subclass of `str` may have methods of the task's own."""
    return "".join((text,)) if isinstance(text, str) else "?"  # noqa: FLY002 - a format would call its __format__


def _traceback(raised: BaseException, trace: TracebackType | None) -> str:
    try:
        return "".join(traceback.format_exception(type(raised), raised, trace, limit=FRAMES))
    except BaseException:  # noqa: BLE001 - formatting calls the task's own __str__, __repr__ and __cause__
        return "".join(traceback.format_tb(trace, limit=FRAMES))


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
